"""Conversations with parts that are no text: what is said about a picture can't be learned without it."""

from typing import Any


def has_text(part: dict[str, Any]) -> bool:
    """Return whether a part of a content holds text."""
    return any(isinstance(part.get(name), str) for name in ("text", "value", "thinking"))


def why_unfit(row: dict[str, Any]) -> str:
    """Return why a row is left out: a turn in it has a part that is no text, such as a picture or a sound."""
    turns = [turn for talk in row.values() if isinstance(talk, list) for turn in talk if isinstance(turn, dict)]
    contents = [turn.get("content", turn.get("value")) for turn in turns]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    return "not_text" if any(isinstance(part, dict) and not has_text(part) for part in parts) else ""
