"""Whether rows to be kept have the form of the task's own rows."""

from datasets import Dataset

from engine.recipes.parts.roles import roles
from engine.recipes.parts.source import COLUMNS


def in_form(rows: Dataset) -> Dataset | None:
    """Return the rows reduced to the columns that play a role, or None when they have not got them."""
    return roles(rows, COLUMNS) if set(COLUMNS.values()) <= set(rows.column_names) else None
