"""Rows in which a role is empty that is needed."""

from typing import Any

from datasets import Dataset


def is_empty(value: Any) -> bool:
    """Return whether a field holds nothing, or nothing but spaces; 0 and False are values."""
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def check_columns(rows: Dataset, columns: dict[str, str]) -> None:
    """Refuse rows that lack a column which should play a role."""
    missing = [name for name in columns.values() if name not in rows.column_names]
    if missing:
        raise ValueError(
            f"there is no column '{missing[0]}' in the rows (they have {', '.join(rows.column_names)}): "
            "correct data.columns"
        )


def empty_fields(rows: Dataset, columns: dict[str, str]) -> list[str]:
    """Return for each row why it is left out: a role that is needed is empty; nothing where all of them are filled."""
    check_columns(rows, columns)
    needed = [name for role, name in columns.items() if role not in ("input", "tools", "answer")]
    found = [any(map(is_empty, row.values())) for row in rows.select_columns(needed)] if needed else [False] * len(rows)
    return ["empty_field" if empty else "" for empty in found]
