"""Every method of a goal, judged for this model, this data and this machine."""

from dataclasses import dataclass

from engine import words
from engine.config import Run
from engine.draft import Draft, Facts
from engine.estimate import Estimate
from engine.tables import table


@dataclass(frozen=True, slots=True)
class Verdict:
    """One method of the goal: whether it fits and is possible, a short verdict, reasons for (+) and against (−)."""

    method: str
    label: str
    fits: bool | None
    possible: bool
    peak_gib: float | None
    verdict: str
    reasons: tuple[str, ...]
    seconds: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One method, filled in for the facts."""

    kind: str
    draft: Draft
    run: Run
    estimate: Estimate | None
    possible: bool

    @property
    def fits(self) -> bool | None:
        """Whether the run fits; None where memory or model is not known."""
        return self.estimate.fits if self.estimate else None

    @property
    def short_gib(self) -> float:
        """How much memory is missing, negative when some is left."""
        return self.estimate.high_gib - (self.estimate.free_gib or 0.0) if self.estimate else 0.0


def rank(candidates: list[Candidate], facts: Facts) -> tuple[Verdict, ...]:
    """Return a verdict on every method, given in the order in which they are tried: recommended, fitting, the rest.

    The first possible method that fits is recommended; where none does, the one that is short of the least.
    """
    usable = [candidate for candidate in candidates if candidate.possible]
    fitting = [candidate for candidate in usable if candidate.fits is not False]
    best = fitting[0] if fitting else min(usable, key=lambda candidate: candidate.short_gib)
    rest = [other for other in fitting if other is not best]
    rows = [best, *rest, *(other for other in candidates if other is not best and other not in rest)]
    first = candidates[0] is best
    return tuple(_verdict(candidate, _word(candidate, candidate is best, first), facts) for candidate in rows)


def _verdict(candidate: Candidate, word: str, facts: Facts) -> Verdict:
    spent = candidate.estimate
    return Verdict(
        method=candidate.kind,
        label=table("guide")["methods"][candidate.kind]["label"],
        fits=candidate.fits,
        possible=candidate.possible,
        peak_gib=spent.peak_gib if spent else None,
        verdict=word,
        reasons=tuple(_reasons(candidate, facts)),
        seconds=spent.seconds if spent else None,
    )


def _word(candidate: Candidate, best: bool, first: bool) -> str:
    texts: dict[str, str] = table("guide")["verdicts"]
    if not candidate.possible:
        return texts["impossible"]
    if candidate.fits is False:
        return texts["nearest" if best else "short"].format(short=words.gib(candidate.short_gib))
    if best:
        return texts["first" if first else "only"]
    otherwise: str = table("guide")["methods"][candidate.kind]["otherwise"]
    return otherwise if candidate.fits else texts["unknown"]


def _reasons(candidate: Candidate, facts: Facts) -> list[str]:
    texts, rules, spent = table("guide")["verdicts"], table("guide")["methods"][candidate.kind], candidate.estimate
    reasons = [f"+ {rules['good']}", f"− {rules['bad']}"]
    if spent is not None:
        known = "memory" if spent.free_gib is not None else "memory_unknown"
        text = texts[known].format(high=words.gib(spent.high_gib), free=words.gib(spent.free_gib or 0.0))
        reasons.insert(0, f"{'−' if spent.fits is False else '+'} {text}")
    if candidate.draft.on_cpu(facts) and candidate.kind in ("qlora", "lora8"):
        reasons.append(f"− {texts['on_cpu']}")
    if not candidate.possible and facts.model is not None:
        reasons.append(f"− {texts['packed'].format(model=facts.model.id, quantized=facts.model.quantized)}")
    return reasons
