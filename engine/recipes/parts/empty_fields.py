"""Rows in which a role is empty that is needed."""

from typing import Any

from datasets import Dataset

from engine.recipes.parts.is_answer import is_answer


def is_empty(value: Any) -> bool:
    """Return whether a field holds nothing, or nothing but spaces; 0 and False are values.

    A conversation is empty where the assistant says nothing in it; a question alone where it asks nothing.
    """
    if isinstance(value, list) and value and isinstance(value[0], dict) and "role" in value[0]:
        answers = [turn for turn in value if turn["role"] == "assistant"]
        return not any(map(is_answer, answers)) if answers else all(is_empty(turn.get("content")) for turn in value)
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
    last = {columns[role] for role in ("chosen", "rejected") if role in columns}  # of two talks only the ends differ
    found = []
    for row in rows.select_columns(needed) if needed else [{}] * len(rows):
        ends = [value[-1:] if name in last and isinstance(value, list) else value for name, value in row.items()]
        found.append("empty_field" if any(map(is_empty, ends)) else "")
    return found
