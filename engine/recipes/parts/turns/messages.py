"""Rows that are conversations already."""

from typing import Any


def messages(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the turns of the conversation, without the empty fields that a table adds."""
    return [{name: value for name, value in turn.items() if value is not None} for turn in row["messages"]]
