"""Rows reduced to the columns that play a role."""

from datasets import Dataset

from engine.recipes.parts.dropped import left_out
from engine.recipes.parts.empty_fields import empty_fields
from engine.recipes.parts.refined.none import refined
from engine.recipes.parts.unlabelled.none import unlabelled


def roles(rows: Dataset, columns: dict[str, str], source: str = "") -> Dataset:
    """Return the columns that play a role, under the role's name; rows with an empty one are left out."""
    whole = left_out(rows, unlabelled(rows, columns, empty_fields(rows, columns)), source)
    named = whole.select_columns(list(columns.values()))
    return refined(named.rename_columns({name: role for role, name in columns.items()}))
