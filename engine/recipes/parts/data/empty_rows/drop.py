"""Rows with an empty field are left out and written down."""

from datasets import Dataset

from engine.recipes.parts.data.left_out import left_out
from engine.recipes.parts.empty_fields import empty_fields
from engine.recipes.parts.unlabelled.none import unlabelled


def filled_rows(rows: Dataset, columns: dict[str, str], source: str) -> Dataset:
    """Return the rows of which no field that is needed is empty."""
    return left_out(rows, unlabelled(rows, columns, empty_fields(rows, columns)), source)
