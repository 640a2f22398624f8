"""Rows reduced to the columns that play a role."""

from typing import Any

from datasets import Dataset

from engine.recipes.parts.refined.none import refined


def is_empty(value: Any) -> bool:
    """Return whether a field holds nothing; 0 and False are values."""
    return value is None or value == "" or value == []


def roles(rows: Dataset, columns: dict[str, str]) -> Dataset:
    """Return the columns that play a role, under the role's name; rows with an empty one are left out."""
    missing = [name for name in columns.values() if name not in rows.column_names]
    if missing:
        raise ValueError(
            f"there is no column '{missing[0]}' in the rows (they have {', '.join(rows.column_names)}): "
            "correct data.columns"
        )
    named = rows.select_columns(list(columns.values())).rename_columns({name: role for role, name in columns.items()})
    optional = {"input", "tools"}
    whole = named.filter(lambda row: not any(is_empty(row[role]) for role in columns if role not in optional))
    if len(whole) < len(named):
        print(f"{len(named) - len(whole)} of {len(named)} rows have an empty field and are left out")
    return refined(whole)
