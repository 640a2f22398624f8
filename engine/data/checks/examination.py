"""The second look: every row of a goal, one after the other, through all checks, in bounded memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engine.data.audit import Way, audit
from engine.data.checks.answers import Answers
from engine.data.checks.classes import Classes, Positives
from engine.data.checks.doubles import Doubles
from engine.data.checks.empty import Empty
from engine.data.checks.language import Languages
from engine.data.checks.lengths import Lengths
from engine.data.checks.patterns import Patterns
from engine.data.checks.row import CheckedRow, checked
from engine.data.convert import turned
from engine.data.facts import DataFacts, DataProblem
from engine.data.jsons import Broken
from engine.data.labels import GOALS
from engine.data.sources import find
from engine.data.stream import Stream
from engine.data.unused import unused
from engine.data.within import within

MOST_LETTERS = 1 << 24
"""Letters that are checked; of a larger file the rest is only counted by the first look."""
FEW_FOR = {"sft": 300, "distill": 300, "embed": 300, "prefer": 300, "reward": 500, "classify": 200}
"""Rows below which a goal seldom learns something lasting."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What rows are checked for: the goal, which column plays which role, the test file, and the longest text."""

    goal: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    test: str = ""
    group: str = ""
    tokens: int = 0
    letters_per_token: float = 0.0
    """As a tokenizer counted it; 0: as in English prose."""


class Check(Protocol):
    """What every check can do."""

    def add(self, row: CheckedRow) -> None:
        """Look at one row."""

    def problems(self) -> list[DataProblem]:
        """Return what was found."""


def check(facts: DataFacts, asked: Asked, tell: Callable[[int], None] | None = None) -> tuple[DataProblem, ...]:
    """Return all that is wrong with the rows of a goal; `tell` hears how many were checked, and may end it by raising.

    Several tasks are not checked together: each has columns of its own.
    """
    if facts.parts:
        return ()
    suit = next((suit for suit in facts.suits if asked.goal in ("", suit.goal)), None)
    columns = asked.columns or (dict(suit.columns) if suit else {})
    goal = asked.goal or (suit.goal if suit else "")
    lines = facts.format == "pretrain_text" and not facts.columns[1:]
    doubles = Doubles()
    checks: list[Check] = [Empty(columns), Patterns(), Languages(), Answers()]
    checks += [] if lines else [doubles]
    checks += [Classes()] if goal in ("classify", "baseline") else []
    checks += [Positives()] if goal == "embed" else []
    checks += [Lengths(goal, asked.tokens, asked.letters_per_token)] if asked.tokens else []
    convert = "none" if asked.columns or suit is None else suit.convert
    test = asked.test or facts.test
    for row in _rows(test, columns, convert) if test else ():
        doubles.add_test(row)
    letters = number = 0
    for row in _rows(within(facts.path, facts.part), columns, convert):
        number = row.number
        for each in checks:
            each.add(row)
        if tell is not None and number % 256 == 0:
            tell(number)
        letters += len(row.text)
        if letters > MOST_LETTERS:
            break
    ends = number < facts.rows
    found = [problem for each in checks for problem in each.problems()]
    idle = unused(facts, [*columns.values(), asked.group], convert) if columns and goal != "reinforce" else []
    found += audit(Way(within(facts.path, facts.part), goal, columns, convert, _marks(facts, goal))) if columns else ()
    return (*found, *_few(facts, goal), *_shared(facts, asked), *idle, *(_partly(number, facts.rows) if ends else ()))


def _marks(facts: DataFacts, goal: str) -> tuple[str, ...]:
    """Return the labels that the guide takes for none."""
    return facts.no_label if goal in GOALS else ()


def _rows(path: str, columns: dict[str, str], convert: str) -> Iterator[CheckedRow]:
    """Yield the rows of a data set; a broken place counts as a row, so that numbers are lines where lines are rows."""
    for number, item in enumerate(turned(Stream(find(path).files).items, convert), 1):
        if not isinstance(item, Broken):
            yield checked(number, item, columns)


def _few(facts: DataFacts, goal: str) -> list[DataProblem]:
    wanted = FEW_FOR.get(goal, 100)
    if not 1 < facts.rows < wanted:
        return []
    what = f"there are only {facts.rows} rows"
    advice = f"{wanted} good rows or more are the usual start for this goal"
    return [DataProblem("too_few_rows", what, advice=advice, count=facts.rows, remedies=("keep",))]


def _shared(facts: DataFacts, asked: Asked) -> list[DataProblem]:
    """Rows of one document on both sides of the test are half learned already."""
    if not facts.groups or asked.group or asked.test or facts.test:
        return []
    name = facts.groups[0]
    what = f"'{name}' looks like the document that rows come from; a random test would share documents with training"
    advice = f"split by group: data.group: {name}"
    return [DataProblem("shared_document", what, advice=advice, remedies=("split", "keep"))]


def _partly(number: int, rows: int) -> list[DataProblem]:
    what = f"the first {number:,} of {rows:,} rows were checked for all this"
    return [DataProblem("partly_checked", what, advice="nothing is known of the others", count=number)]


def together(first: Sequence[DataProblem], second: Sequence[DataProblem]) -> tuple[DataProblem, ...]:
    """Return the problems of both looks; where both speak of one thing, the second knows more."""
    known = {problem.code for problem in second}
    whole = "partly_checked" not in known
    kept = [problem for problem in first if not (problem.code in known and (whole or problem.count is None))]
    return (*kept, *second)
