"""Runs in words and as plain values: a line each, or everything about one."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine import findings, run_folder
from engine import run as runs
from engine.best import best
from engine.config import Run, plain
from engine.history import History
from engine.listing import Summary
from engine.problem import Problem
from engine.series import Series
from engine.trash import Deleted
from tui.commands.words import columns, hint, outcome_lines, result
from tui.measured import memory_facts
from tui.widgets.figures import count, log_line, value
from tui.words import duration, literal, place, size


def run_lines(found: Sequence[Summary]) -> Iterator[str]:
    """Yield the list of runs, a line each under a heading."""
    rows = [("state", "run", "goal", "model", "step", "result", "begun", "note")]
    yield from columns(rows + [_row(summary) for summary in found])


def deleted_lines(found: Sequence[Deleted]) -> Iterator[str]:
    """Yield the runs in the trash, a line each under a heading."""
    rows = [(_at(run.deleted), literal(run.name), size(run.bytes)) for run in found]
    yield from columns([("deleted", "run", "size"), *rows] if rows else [])


def _at(seconds: float | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else ""


def _row(summary: Summary) -> tuple[str, ...]:
    planned = f" of {count(summary.max_steps)}" if summary.max_steps else ""
    begun = _at(summary.started)
    name = summary.name + (" (edited)" if summary.edited else "")
    words = (
        summary.state,
        name,
        summary.goal,
        summary.model,
        f"{count(summary.step)}{planned}",
        result(summary.best),
        begun,
        summary.note,
    )
    return tuple(map(literal, words))


def report(folder: Path) -> dict[str, Any]:
    """Return everything about a run as JSON holds it."""
    known, described = runs.history(folder), _described(folder)
    return {
        "name": folder.name,
        "folder": str(folder),
        "state": runs.state(folder, known),
        "edited": run_folder.is_edited(folder),
        "run": plain(described) if described else None,
        "started": known.started,
        "phase": known.phase,
        "step": known.step,
        "max_steps": known.max_steps,
        "epoch": known.epoch,
        "steps_per_second": known.steps_per_second,
        "seconds_left": known.seconds_left,
        "best": asdict(found) if (found := best(known)) else None,
        "metrics": {name: series.last for name, series in known.metrics.items()},
        "evaluated": {name: _ends(series) for name, series in known.evaluated.items()},
        "checkpoints": known.checkpoints,
        "warnings": known.warnings,
        "found": [asdict(each) for each in findings.kept(folder)],
        "results": (known.finished or {}).get("results"),
        "memory": (known.finished or {}).get("memory"),
        "failed": known.failed,
    }


def _described(folder: Path) -> Run | None:
    try:
        return run_folder.load(folder)
    except Problem:
        return None


def _ends(series: Series) -> dict[str, float | None]:
    before = series.values[0] if series.steps and series.steps[0] == 0 else math.nan
    return {"baseline": None if math.isnan(before) else before, "last": series.last}


def report_lines(folder: Path) -> Iterator[str]:
    """Yield what a person wants to know about a run."""
    known, described = runs.history(folder), _described(folder)
    state = runs.state(folder, known)
    method = described.method.kind if described else "?"
    edited = " · script edited by hand" if run_folder.is_edited(folder) else ""
    yield f"{folder.name} · {state}{edited}"
    if described:
        rows = f" · rows of {place(described.data.told)}"
        model = f"from {described.model.origin}" if described.model.origin else place(described.model.id)
        yield f"{described.goal} · {method} · {model}{rows}"
    yield f"folder {place(folder)}"
    yield from _progress(known, state)
    yield from (f"{each.severity}: {findings.sentence(each)}" for each in findings.kept(folder))
    yield from (f"warning: {warning['message']}; {warning['advice']}" for warning in known.warnings)
    yield from _end(folder, known, state, method)


def _progress(known: History, state: str) -> Iterator[str]:
    if known.begun is not None:
        planned = f" of {count(known.max_steps)}" if known.max_steps else ""
        left = f" · {duration(known.seconds_left)} left" if state in runs.GOING and known.seconds_left else ""
        yield f"step {count(known.step)}{planned} · epoch {known.epoch:.2f}{left}"
    elif known.phase and state in runs.GOING:
        yield f"phase {known.phase}"
    if (found := best(known)) is not None:
        yield result(found) + (f" at step {count(found.step)}" if found.step else "")
    if known.results is None:
        yield from _curves(known)


def _curves(known: History) -> Iterator[str]:
    """Yield the last point of each curve, while no saved model says what came of it."""
    curves = [pair for pair in known.metrics.items() if pair[0] == "loss"]
    for name, series in [*curves, *known.evaluated.items()]:
        ends = _ends(series)
        before = f" (before {value(ends['baseline'])})" if ends["baseline"] is not None else ""
        yield f"{literal(name)} {value(ends['last'])} last{before}"


def _end(folder: Path, known: History, state: str, method: str) -> Iterator[str]:
    results: Any = (known.finished or {}).get("results")
    if state == "completed" and isinstance(results, dict):
        yield from outcome_lines(results, method)
        yield from (f"{name}: {words}" for name, words in memory_facts((known.finished or {}).get("memory")))
    if state == "failed" and known.failed is not None:
        yield f"failed: {known.failed['message']}; {known.failed['advice']}"
    if state in ("failed", "died"):
        yield "the end of its log:"
        yield from (f"  {log_line(line)}" for line in run_folder.tail_log(folder))
    if state in ("stopped", "failed", "died"):
        yield f"go on with: tunewright resume {hint(folder)}"
    if state in runs.GOING:
        yield f"watch it with: tunewright watch {hint(folder)}"
