"""All rows of several files as one stream, opened one after the other."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.data.facts import DataProblem
from engine.data.jsons import Broken, Item, Row
from engine.data.kinds import EXAMPLE_LENGTH
from engine.data.rows import CODE_SUFFIXES, TEXT_SUFFIXES, Reading, read
from engine.data.tally import letters
from engine.problem import Problem

SAMPLE_ROWS = 2000
SAMPLE_LETTERS = 1 << 25


class Stream:
    """The rows of the files, in order; `readings` and `problems` grow while it is read."""

    def __init__(self, files: tuple[Path, ...]) -> None:
        self.files = files
        self.readings: list[Reading] = []
        self.problems: list[DataProblem] = []
        self._columns: set[str] = set()
        self.items = self._read()

    def sample(self) -> list[Item]:
        """Take the first rows, as many as are profiled; `items` goes on behind them."""
        taken: list[Item] = []
        held = 0
        for item in self.items:
            taken.append(item)
            held += letters(item) if isinstance(item, dict) else 0
            if len(taken) >= SAMPLE_ROWS or held > SAMPLE_LETTERS:
                break
        return taken

    def total(self) -> int | None:
        """Return the number of rows where the files know it (parquet, arrow), without reading them."""
        if self.readings[0].total is None:
            return None
        totals = [read(file).total for file in self.files]
        return None if None in totals else sum(total for total in totals if total is not None)

    def _read(self) -> Iterator[Item]:
        for file in self.files:
            try:
                reading = read(file)
            except Problem as problem:
                if len(self.files) == 1:
                    raise
                if problem.code == "empty" and file.suffix in (*TEXT_SUFFIXES, *CODE_SUFFIXES):
                    continue  # an empty page or module is no row, and hurts nobody
                self.problems.append(DataProblem(problem.code, str(problem), None, "wrong", "mend or remove this file"))
                continue
            self.readings.append(reading)
            yield from self._placed(reading)

    def _placed(self, reading: Reading) -> Iterator[Item]:
        """Rows of one file; with several files a broken place names its own, and other columns are told."""
        if len(self.files) == 1:
            yield from reading.items
            return
        for count, item in enumerate(reading.items):
            if count == 0 and isinstance(item, dict):
                self._compare(item, reading.path)
            yield Broken(item.line, item.message, reading.path.name) if isinstance(item, Broken) else item

    def _compare(self, row: Row, file: Path) -> None:
        if not self._columns:
            self._columns = set(row)
        elif set(row) != self._columns:
            other = ", ".join(sorted(self._columns ^ set(row)))
            message = f"'{file.name}' has other columns than '{self.files[0].name}' ({other})"
            self.problems.append(DataProblem("columns_differ", message, advice="give every file the same columns"))


def shortened(row: Row) -> Row:
    """Return a row for the screen: long texts are cut, and everything can be written as JSON."""
    return {name: _short(value) for name, value in row.items()}


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value[: 5 * EXAMPLE_LENGTH]
    return json.loads(json.dumps(value, default=str))
