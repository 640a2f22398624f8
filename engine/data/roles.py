"""The roles that a row's columns may play, goal by goal: what a mapping offers, and what a column must hold for it."""

from collections.abc import Iterable
from dataclasses import dataclass

from engine.tables import table


@dataclass(frozen=True, slots=True)
class RowShape:
    """One form that a goal's rows may have: its roles in order, those that may be missing, and words for it."""

    roles: tuple[str, ...]
    optional: frozenset[str]
    words: str

    @property
    def needed(self) -> frozenset[str]:
        """Roles without which a row is of no use."""
        return frozenset(self.roles) - self.optional


def shapes(goal: str) -> tuple[RowShape, ...]:
    """Return the forms that the rows of a goal may have, the usual one first."""
    return tuple(_shape(entry["roles"], entry["words"]) for entry in table("wizard")["goals"][goal]["shapes"])


def _shape(roles: Iterable[str], words: str) -> RowShape:
    names = tuple(roles)
    optional = frozenset(name[:-1] for name in names if name.endswith("?"))
    return RowShape(tuple(name.rstrip("?") for name in names), optional, words)
