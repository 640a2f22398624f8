"""What is counted over all rows in one pass: rows, lengths, empty fields, equal rows, broken places."""

from collections import Counter
from collections.abc import Collection
from typing import Any

from engine.data.facts import DataProblem, Lengths
from engine.data.jsons import Broken, Row

COMPARED = 500_000
"""Rows that are compared for being equal; the memory that this takes is bounded."""
NAMED_PLACES = 10
"""Broken places that are named one by one."""
EXACT = 1024


def letters(value: Any) -> int:
    """Count the characters of the text in a value, however nested."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(letters(inner) for key, inner in value.items() if key != "role")
    if isinstance(value, list | tuple):
        return sum(map(letters, value))
    return 0 if value is None else len(str(value))


def is_filled(value: Any) -> bool:
    """Return whether a field surely holds something: a text, a number, or turns that end with something said."""
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, list):
        last = value[-1] if value else None
        said = last.get("content") if isinstance(last, dict) else None
        roles = {turn.get("role") for turn in value if isinstance(turn, dict)}
        ends = isinstance(last, dict) and (last.get("role") == "assistant" or "assistant" not in roles)
        return ends and isinstance(said, str) and bool(said.strip())
    return isinstance(value, int | float)


class Tally:
    """A running count in bounded memory.

    `columns` play a role, `optional` ones among them may be empty; `equal` tells whether equal rows are looked for.
    """

    def __init__(self, columns: Collection[str], optional: Collection[str] = (), equal: bool = True) -> None:
        self.rows = 0
        self._compared = COMPARED if equal else 0
        self._columns = tuple(columns)
        self._needed = tuple(name for name in columns if name not in optional)
        self._lengths: Counter[int] = Counter()
        self._sum = 0
        self._longest = 0
        self._empty: dict[str, list[int]] = {}
        self._hashes: set[int] = set()
        self._filled: set[str] | None = None
        self._equal = 0
        self._first_equal = 0
        self._broken: list[Broken] = []
        self._broken_count = 0

    def add(self, item: Row | Broken) -> None:
        """Count one row or one broken place."""
        if isinstance(item, Broken):
            self._broken_count += 1
            if len(self._broken) < NAMED_PLACES:
                self._broken.append(item)
            return
        self.rows += 1
        values = [item.get(name) for name in self._columns] if self._columns else list(item.values())
        self._measure(sum(map(letters, values)))
        self._compare(values)
        for name in self._needed:
            self._check(name, item.get(name))
        seen = item.keys() if self._filled is None else self._filled
        self._filled = {name for name in seen if is_filled(item.get(name))}

    @property
    def distinct(self) -> int:
        """How many rows are known to differ from all others; fewer where some have an empty field."""
        return max(0, len(self._hashes) - sum(count for _, count in self._empty.values()))

    @property
    def filled(self) -> tuple[str, ...]:
        """The columns that no counted row leaves empty."""
        return tuple(sorted(self._filled or ()))

    def forget_filled(self) -> None:
        """Say of no column that it is filled: not all rows were counted one by one."""
        self._filled = set()

    def _measure(self, length: int) -> None:
        """Lengths above EXACT are counted in steps of less than one percent, so that the table stays small."""
        step = max(1, length >> 7) if length > EXACT else 1
        self._lengths[length + -length % step] += 1
        self._sum += length
        self._longest = max(self._longest, length)

    def _compare(self, values: list[Any]) -> None:
        if self.rows > self._compared:
            return
        key = hash(tuple(value if isinstance(value, str) else repr(value) for value in values))
        if key in self._hashes:
            self._equal += 1
            self._first_equal = self._first_equal or self.rows
        self._hashes.add(key)

    def _check(self, name: str, value: Any) -> None:
        if value is None or value == [] or (isinstance(value, str) and not value.strip()):
            found = self._empty.setdefault(name, [self.rows, 0])
            found[1] += 1

    def lengths(self) -> Lengths:
        """Return the lengths of the rows in characters."""
        mean = self._sum / self.rows if self.rows else 0.0
        return Lengths(round(mean, 1), self._quantile(0.5), self._quantile(0.95), self._quantile(0.99), self._longest)

    def _quantile(self, share: float) -> int:
        wanted = share * self.rows
        for length in sorted(self._lengths):
            wanted -= self._lengths[length]
            if wanted <= 0:
                return min(length, self._longest)
        return 0

    def problems(self) -> list[DataProblem]:
        """Return what is wrong with single rows."""
        return [*self._broken_rows(), *self._empty_fields(), *self._equal_rows()]

    def _broken_rows(self) -> list[DataProblem]:
        advice = "mend or remove it: a training would stop here"
        found = [DataProblem("broken_row", f"{b.place} {b.message}", b.line, "wrong", advice) for b in self._broken]
        rest = self._broken_count - len(found)
        if rest:
            found.append(DataProblem("broken_row", f"{rest:,} more lines are broken", None, "wrong", advice))
        return found

    def _empty_fields(self) -> list[DataProblem]:
        return [
            DataProblem(
                "empty_field",
                f"'{name}' is empty in {count:,} of {self.rows:,} rows, first in row {row:,}",
                row,
                advice="rows without it teach nothing and are left out",
            )
            for name, (row, count) in self._empty.items()
        ]

    def _equal_rows(self) -> list[DataProblem]:
        if not self._equal:
            return []
        many = f"{self._equal:,} rows are" if self._equal > 1 else "1 row is"
        message = f"{many} equal to an earlier one, first in row {self._first_equal:,}"
        advice = "equal rows weigh more, and one may be in the test while its twin is learned"
        return [DataProblem("duplicate_row", message, self._first_equal, advice=advice)]
