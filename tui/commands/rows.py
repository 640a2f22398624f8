"""A look at data in words and as plain values."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from engine.data import Column, DataFacts, DataProblem
from engine.problem import Problem
from tui.commands.words import columns
from tui.widgets.figures import count, one_line
from tui.words import literal


def nothing(path: str, problem: Problem) -> dict[str, Any]:
    """Return the same shape for what holds no rows, with the reason among its problems."""
    return {
        "path": path,
        "format": "none",
        "confidence": 0.0,
        "why": problem.what,
        "rows": 0,
        "columns": [],
        "suits": [],
        "lengths": {"mean": 0.0, "median": 0, "p95": 0, "p99": 0, "longest": 0},
        "problems": [asdict(DataProblem(problem.code, problem.what, None, "wrong", problem.advice))],
        "examples": [],
        "groups": [],
    }


def data_lines(facts: DataFacts) -> Iterator[str]:
    """Yield format, columns, goals, lengths, problems and the first row."""
    yield f"{facts.path}: {facts.format} ({facts.confidence:.0%} sure: {facts.why})"
    lengths = facts.lengths
    yield (
        f"{count(facts.rows)} rows · {count(lengths.mean)} characters a row on average, "
        f"{count(lengths.p95)} in 95 %, {count(lengths.longest)} at most"
    )
    yield ""
    yield from columns([("column", "type", "empty", "distinct", "length", "for example"), *map(_column, facts.columns)])
    yield ""
    for suit in facts.suits:
        roles = ", ".join(f"{role}: {name}" for role, name in suit.columns.items())
        yield f"suits {suit.goal} with {{{roles}}}: {suit.why}"
    if not facts.suits:
        yield "suits no goal as it is"
    yield from map(_problem, facts.problems)


def _column(column: Column) -> tuple[str, ...]:
    example = one_line(column.examples[0])[:60] if column.examples else ""
    numbers = (f"{column.empty:.0%}", count(column.distinct), f"{count(column.mean)} to {count(column.longest)}")
    return (literal(column.name), column.type, *numbers, example)


def _problem(problem: DataProblem) -> str:
    row = f"row {count(problem.row)}: " if problem.row is not None else ""
    advice = f"; {problem.advice}" if problem.advice else ""
    return f"{problem.severity}: {row}{problem.message}{advice}"
