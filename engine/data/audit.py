"""What becomes of the rows on their way to the model: what is left out, not learned, or cut off, counted row by row."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from engine.data.convert import REFUSED, converted
from engine.data.facts import DataProblem
from engine.data.jsons import Broken, Row
from engine.data.sources import find
from engine.data.stream import Stream
from engine.data.tally import letters

MOST_LETTERS = 1 << 25
"""Letters that are gone through; of a larger file that is said."""


@dataclass(frozen=True, slots=True)
class Way:
    """How rows become what a model learns: the goal, which column plays which role, and their conversion."""

    source: str
    goal: str
    columns: dict[str, str] = field(default_factory=dict)
    convert: str = "none"
    no_label: tuple[str, ...] = ()
    speakers: dict[str, str] = field(default_factory=dict)


class Auditor(Protocol):
    """Whoever counts one kind of rows."""

    def add(self, number: int, raw: Row, rows: list[Row]) -> None:
        """Look at one row as it stands in the file, and at what its conversion makes of it."""

    def problems(self, many: str) -> list[DataProblem]:
        """Return what was found; `many` says among how many rows."""


def audit(way: Way) -> tuple[DataProblem, ...]:
    """Return what is counted on the way of the rows; a file that has not changed is not gone through again."""
    files = tuple((file, file.stat().st_mtime_ns, file.stat().st_size) for file in find(way.source).files)
    known = json.dumps(asdict(way))
    return _audit(known, files)


@lru_cache(maxsize=8)
def _audit(known: str, files: tuple[tuple[Path, int, int], ...]) -> tuple[DataProblem, ...]:
    from engine.data.auditors import auditors

    way = Way(**json.loads(known))
    every = auditors(way)
    if not every:
        return ()
    number, whole = _gone_through(every, way, [file for file, _, _ in files])
    many = f"of {number:,} rows" if whole else f"of the first {number:,} rows"
    return tuple(problem for each in every for problem in each.problems(many))


def _gone_through(every: list[Any], way: Way, files: list[Path]) -> tuple[int, bool]:
    """Show all rows to all auditors; return how many there were, and whether these are all."""
    number = held = 0
    for number, raw, rows in _rows(way, files):
        for each in every:
            each.add(number, raw, rows)
        held += letters(raw)
        if held > MOST_LETTERS:
            return number, False
    return number, True


def _rows(way: Way, files: list[Path]) -> Iterator[tuple[int, Row, list[Row]]]:
    for number, item in enumerate(Stream(tuple(files)).items, 1):
        if isinstance(item, Broken):
            continue
        try:
            rows = [item] if way.convert == "none" else converted(way.convert, [item], speakers=way.speakers)
        except REFUSED:
            rows = []
        yield number, item, rows
