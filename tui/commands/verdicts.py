"""Plans and estimates in words and as plain values."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.config import Run, plain
from engine.data.facts import DataProblem
from engine.document import dump, walk
from engine.estimate import Estimate
from engine.findings import sentence
from engine.guide import Plan
from engine.machine import Machine, describe
from engine.ranking import Verdict
from tui.commands.say import complain
from tui.commands.words import columns, estimate_line, terms_line
from tui.planning import write_text
from tui.words import gib, literal, place


def plan_values(plan: Plan, machine: Machine, found: Sequence[DataProblem] = ()) -> dict[str, Any]:
    """Return a plan as JSON holds it; `recommended` is the guide's choice, whatever `run` was told to take."""
    return {
        "recommended": plan.ranking[0].method,
        "run": plain(plan.run),
        "ranking": [asdict(verdict) for verdict in plan.ranking],
        "reasons": plan.reasons,
        "estimate": asdict(plan.estimate) if plan.estimate else None,
        "warnings": list(plan.warnings),
        "found": [asdict(each) for each in found],
        "instead": [asdict(advice) for advice in plan.instead],
        "machine": describe(machine),
    }


def estimate_values(file: Path, spent: Estimate) -> dict[str, Any]:
    """Return an estimate as JSON holds it."""
    return {"file": str(file), **asdict(spent)}


def plan_lines(plan: Plan, machine: Machine, found: Sequence[DataProblem] = ()) -> Iterator[str]:
    """Yield the recommended method, the ranking with its reasons, and every choice with its reason."""
    run, best = plan.run, plan.ranking[0]
    yield describe(machine)
    rows = f" on {place(run.data.told)}" if "data.train" in plan.reasons else ""
    yield f"{run.goal}: {place(run.model.id)}{rows}"
    yield f"recommended: {best.method} ({best.label}), {best.verdict}"
    if plan.estimate is not None:
        yield estimate_line(plan.estimate)
        yield f"    {terms_line(plan.estimate)}"
    yield ""
    for verdict in plan.ranking:
        yield f"{_sign(verdict)} {verdict.method}: {verdict.verdict}{_needs(verdict)}"
        yield from (f"    {reason}" for reason in verdict.reasons)
        yield from [f"      {'; '.join(verdict.evidence)}"] * bool(verdict.evidence)
    yield ""
    yield from columns(list(_choices(plan)))
    yield from (f"instead: {advice.goal}: {advice.sentence} ({'; '.join(advice.evidence)})" for advice in plan.instead)
    yield from (f"warning: {warning}" for warning in plan.warnings)
    yield from (f"{each.severity}: {sentence(each)}" for each in found)


def _sign(verdict: Verdict) -> str:
    return "–" if not verdict.possible else "✗" if verdict.fits is False else "✓" if verdict.fits else "?"


def _needs(verdict: Verdict) -> str:
    return f" (~{gib(verdict.peak_gib)})" if verdict.peak_gib is not None else ""


def _choices(plan: Plan) -> Iterator[tuple[str, ...]]:
    for dotted, _, value in walk(plan.run):
        if dotted in plan.reasons:
            yield dotted, literal(_short(value)), literal(plan.reasons[dotted])


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {entry}" for key, entry in value.items())
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "–"
    return (place(value) or "–") if isinstance(value, str) else str(value)


def save(run: Run, path: Path, found: Sequence[DataProblem] = ()) -> None:
    """Write the complete run as YAML, what was found in its rows above it, and say how to start it."""
    write_text(path, dump(run, list(map(sentence, found))))
    complain(f"written to {path}; start it with: tunewright run {path}")
