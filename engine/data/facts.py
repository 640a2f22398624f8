"""What a look at data finds out: plain values for the screens, the guide and the estimate."""

from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["note", "warning", "wrong"]
Remedy = Literal["drop", "clip", "split", "keep"]
"""Leave the rows out, shorten them, keep rows of one document together in the split, or leave all as it is."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column as the profiled rows show it; lengths are in characters."""

    name: str
    type: str
    empty: float
    distinct: int
    mean: float
    longest: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suit:
    """A goal that the rows can serve, with the column for each role and the reason."""

    goal: str
    columns: dict[str, str]
    why: str
    convert: str = "none"
    """What becomes of the rows first; the columns are those of the rows after it."""
    reading: dict[str, Any] = field(default_factory=dict)
    """How a training has to read the files for this, as fields of `data`; empty: as the library reads them."""


@dataclass(frozen=True, slots=True)
class DataProblem:
    """Something wrong with the rows; `row` is the line of a text file, or the number of the row, from 1."""

    code: str
    message: str
    row: int | None = None
    severity: Severity = "warning"
    advice: str = ""
    count: int | None = None
    """How many rows it is about, where that was counted."""
    rows: tuple[int, ...] = ()
    """The first of these rows."""
    remedies: tuple[Remedy, ...] = ()
    """What can be done about it by one key."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """Characters per row, all roles together; tokens are about a quarter of them."""

    mean: float
    median: int
    p95: int
    p99: int
    longest: int


@dataclass(frozen=True, slots=True)
class DataFacts:
    """Everything a look found out: what the rows are, what they suit and what is wrong with them."""

    path: str
    format: str
    confidence: float
    why: str
    rows: int
    columns: tuple[Column, ...]
    suits: tuple[Suit, ...]
    lengths: Lengths
    problems: tuple[DataProblem, ...]
    examples: tuple[dict[str, Any], ...]
    groups: tuple[str, ...] = ()
    """Columns whose equal values look like one document: candidates for `data.group`."""
    next_best: str = ""
    """The format that the rows would have if they had not this one."""
    reading: dict[str, Any] = field(default_factory=dict)
    """How a training has to read the files, as fields of `data`; empty: as the library reads them."""
    converted: dict[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    """The first rows after each conversion that a goal needs."""
    thinking: bool = False
    """Whether the assistant thinks before it answers in some of the profiled rows."""
    no_label: tuple[str, ...] = ()
    """Labels that stand for none, such as -1 among labels from 0 on."""
    part: str = ""
    """Of a folder with splits: the pattern of the files that are learned from, as `data.files` has it."""
    test: str = ""
    """And what stands for its test rows, as `data.test` has it."""
    parts: tuple["DataFacts", ...] = ()
    """What was found in each file, where several tasks were looked at together."""
    distinct: int = 0
    """How many rows are known to differ from all others, none of them with an empty field."""
    filled: tuple[str, ...] = ()
    """Columns of the rows after the first goal's conversion of which no row of all files is empty."""
    counted: int | None = None
    """The rows that all this is known of, while the rest is still being counted: then `rows` is an estimate."""
