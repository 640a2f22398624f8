"""Rows reduced to the columns that play a role."""

from datasets import Dataset

from engine.recipes.parts.data.empty_rows.drop import filled_rows
from engine.recipes.parts.refined.none import refined


def roles(rows: Dataset, columns: dict[str, str], source: str = "") -> Dataset:
    """Return the columns that play a role, under the role's name."""
    named = filled_rows(rows, columns, source).select_columns(list(columns.values()))
    return refined(named.rename_columns({name: role for role, name in columns.items()}))
