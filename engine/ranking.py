"""Every method of a goal, judged for this model, this data and this machine."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine import words
from engine.config import Run
from engine.draft import Draft, Facts
from engine.estimate import Estimate
from engine.fitting import cheapest, least_card
from engine.problem import Problem
from engine.rules import Rule, Traits
from engine.tables import table


@dataclass(frozen=True, slots=True)
class Verdict:
    """One method of the goal: whether it fits and is possible, what it costs, a short verdict, and why.

    `reasons` begin with + (for) or − (against); `evidence` says where they are known from, `rules` by which rules.
    """

    method: str
    label: str
    fits: bool | None
    possible: bool
    peak_gib: float | None
    verdict: str
    reasons: tuple[str, ...]
    seconds: tuple[float, float, float] | None = None
    good_at: str = ""
    evidence: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    change: str = ""
    """What would make a method fit that does not: the cheapest change of its settings, or the smallest card."""


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


@dataclass(frozen=True, slots=True)
class Refused:
    """A method with which the other answers do not go, and why."""

    kind: str
    problem: Problem


def rank(
    candidates: Sequence[Candidate], refused: Sequence[Refused], facts: Facts, held: Sequence[Rule], known: Traits
) -> tuple[Verdict, ...]:
    """Return a verdict on every method: the recommended one, what else fits, what does not, what is not possible.

    `candidates` come in the order in which the goal tries them; rules move them in it. The first possible one that
    fits is recommended; where none does, the one that is short of the least.
    """
    tried = sorted(candidates, key=lambda each: _place(each, candidates, held))
    usable = [each for each in tried if each.possible]
    fitting = [each for each in usable if each.fits is not False]
    best = fitting[0] if fitting else min(usable, key=lambda each: each.short_gib)
    rest = [each for each in fitting if each is not best]
    too_large = [each for each in usable if each is not best and each not in rest]
    rows = [best, *rest, *too_large, *(each for each in tried if not each.possible)]
    first = tried[0] is best
    judged = [_verdict(each, _word(each, each is best, first), facts, held, known) for each in rows]
    return (*judged, *map(_refusal, refused))


def _place(candidate: Candidate, candidates: Sequence[Candidate], held: Iterable[Rule]) -> tuple[bool, int, int]:
    """Return the method's place: those that a rule puts first, then by the goal's order and the rules' points."""
    at = candidates.index(candidate)
    first = any(candidate.kind in rule.first for rule in held)
    return not first, at - sum(rule.points.get(candidate.kind, 0) for rule in held), at


def _refusal(refused: Refused) -> Verdict:
    label = table("guide")["methods"][refused.kind]["label"]
    word: str = table("guide")["verdicts"]["impossible"]
    return Verdict(refused.kind, label, None, False, None, word, (f"− {refused.problem.what}",))


def _verdict(candidate: Candidate, word: str, facts: Facts, held: Iterable[Rule], known: Traits) -> Verdict:
    spent, texts = candidate.estimate, table("guide")["methods"][candidate.kind]
    applied = [rule for rule in held if candidate.kind in rule.about]
    change = _change(candidate, facts)
    return Verdict(
        method=candidate.kind,
        change=change,
        label=texts["label"],
        fits=candidate.fits,
        possible=candidate.possible,
        peak_gib=spent.peak_gib if spent else None,
        verdict=word,
        reasons=tuple(_reasons(candidate, facts, applied, known, change)),
        seconds=spent.seconds if spent else None,
        good_at=texts["good"],
        evidence=tuple(dict.fromkeys(source for rule in applied for source in rule.evidence)),
        rules=tuple(rule.id for rule in applied),
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


def _change(candidate: Candidate, facts: Facts) -> str:
    texts, spent = table("guide")["verdicts"], candidate.estimate
    if spent is None or spent.fits is not False or not candidate.possible:
        return ""
    found = cheapest(candidate.run, facts, other_method=False)
    if found is not None:
        return str(texts["fits_with"].format(change=found.words, high=words.gib(found.estimate.high_gib)))
    card = least_card(spent) if candidate.run.launch.device != "cpu" else None
    return str(texts["fits_on"].format(card=card)) if card else str(texts["fits_nowhere"])


def _reasons(candidate: Candidate, facts: Facts, applied: Iterable[Rule], known: Traits, change: str) -> list[str]:
    texts, method, spent = table("guide")["verdicts"], table("guide")["methods"][candidate.kind], candidate.estimate
    reasons = [f"+ {method['good']}", f"− {method['bad']}"]
    if spent is not None:
        words_for = "memory" if spent.free_gib is not None else "memory_unknown"
        text = texts[words_for].format(high=words.gib(spent.high_gib), free=words.gib(spent.free_gib or 0.0))
        reasons.insert(0, f"{'−' if spent.fits is False else '+'} {text}")
    reasons[1:1] = [f"− {change}"] if change else []
    for rule in applied:
        speaks_for = candidate.kind in rule.first or rule.points.get(candidate.kind, 0) > 0
        reasons.append(f"{'+' if speaks_for else '−'} {rule.sentence(known)}")
    if not candidate.possible and facts.model is not None:
        reasons.append(f"− {texts['packed'].format(model=facts.model.id, quantized=facts.model.quantized)}")
    return reasons
