"""A look at data in words and as plain values."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from engine.data import Column, DataFacts, DataProblem
from engine.problem import Problem
from engine.token_report import TokenReport
from engine.words import percent
from tui.commands.words import columns
from tui.widgets.figures import count, one_line
from tui.words import literal, place


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
        "tokens": None,
    }


def data_values(facts: DataFacts, problems: Sequence[DataProblem], tokens: TokenReport | None) -> dict[str, Any]:
    """Return everything about a data set as JSON holds it."""
    every = [asdict(problem) for problem in problems]
    return asdict(facts) | {"problems": every, "tokens": asdict(tokens) if tokens else None}


def data_lines(facts: DataFacts) -> Iterator[str]:
    """Yield format, columns, goals and lengths."""
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


def token_lines(tokens: TokenReport | None) -> Iterator[str]:
    """Yield how long the rows are for a model, and how many of them it does not read whole."""
    if tokens is None:
        return
    name = f"for {tokens.goal} with {place(tokens.model)}"
    if tokens.mean is None:
        yield f"tokens {name}: not counted, since {tokens.why}; at most about {count(tokens.longest)}"
        return
    shares = ((tokens.median or 0, "half of the rows"), (tokens.p95 or 0, "95 %"), (tokens.p99, "99 %"))
    sizes = ", ".join(f"{count(most)} in {share}" for most, share in shares)
    yield f"tokens {name}: {count(tokens.mean)} on average, {sizes}, {count(tokens.longest)} at most"
    cut = percent(tokens.share_cut) if tokens.share_cut else "none"
    unknown = percent(tokens.share_unknown) if tokens.share_unknown else "none"
    yield f"longer than {count(tokens.max_length)} tokens: {cut} of the rows; unknown: {unknown} of the tokens"


def _column(column: Column) -> tuple[str, ...]:
    example = one_line(column.examples[0])[:60] if column.examples else ""
    numbers = (f"{column.empty:.0%}", count(column.distinct), f"{count(column.mean)} to {count(column.longest)}")
    return (literal(column.name), column.type, *numbers, example)


def problem_line(problem: DataProblem) -> str:
    """Return what is wrong and what to do about it."""
    row = f"row {count(problem.row)}: " if problem.row is not None else ""
    advice = f"; {problem.advice}" if problem.advice else ""
    return f"{problem.severity}: {row}{problem.message}{advice}"
