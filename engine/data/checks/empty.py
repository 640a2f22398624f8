"""Fields that hold nothing, or nothing but spaces."""

from collections.abc import Mapping

from engine.data.checks.finding import Finding
from engine.data.checks.row import CheckedRow
from engine.data.facts import DataProblem
from engine.data.uses import OPTIONAL


class Empty:
    """Counts the rows in which a role that is needed is empty; such rows are always left out."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self._columns = {role: name for role, name in columns.items() if role not in OPTIONAL}
        self._found = {role: Finding() for role in self._columns}
        self._rows = 0

    def add(self, row: CheckedRow) -> None:
        """Look at one row."""
        self._rows += 1
        for role, found in self._found.items():
            if not row.texts[role].strip():
                found.add(row.number)

    def problems(self) -> list[DataProblem]:
        """Return what was found, column by column."""
        return [
            problem
            for role, found in self._found.items()
            for problem in found.problem(
                "empty_field",
                f"'{self._columns[role]}' is empty in {found.count:,} of {self._rows:,} rows",
                "rows without it teach nothing and are left out",
                ("drop",),
            )
        ]
