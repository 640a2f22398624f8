"""Which rows are left out: those in which a role that is needed is empty."""

from datasets import Dataset

from engine.recipes.parts.data.left_out import left_out
from engine.recipes.parts.empty_fields import empty_fields


def clean(rows: Dataset, columns: dict[str, str], source: str, tests: Dataset | None) -> Dataset:
    """Return the rows that can be learned from."""
    return left_out(rows, empty_fields(rows, columns), source)
