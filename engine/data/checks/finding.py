"""What a check has found so far: how many rows, and which were the first."""

from collections.abc import Sequence

from engine.data.facts import DataProblem, Remedy, Severity

NAMED = 5
"""Rows that are named as examples."""


class Finding:
    """A running count of the rows that one check complains about."""

    def __init__(self) -> None:
        self.count = 0
        self.rows: list[int] = []

    def add(self, row: int) -> None:
        """Count one row by its number."""
        self.count += 1
        if len(self.rows) < NAMED:
            self.rows.append(row)

    @property
    def many(self) -> str:
        """How many rows there are, in words that a verb in the plural follows."""
        return "1 row" if self.count == 1 else f"{self.count:,} rows"

    def problem(
        self,
        code: str,
        message: str,
        advice: str,
        remedies: Sequence[Remedy] = ("drop", "keep"),
        severity: Severity = "warning",
    ) -> list[DataProblem]:
        """Return the problem with its count and its first rows, or nothing where no row was counted."""
        if not self.count:
            return []
        first = self.rows[0] if self.rows else None
        where = f" (first in row {first:,})" if first is not None else ""
        rows = tuple(self.rows)
        return [DataProblem(code, message + where, first, severity, advice, self.count, rows, tuple(remedies))]
