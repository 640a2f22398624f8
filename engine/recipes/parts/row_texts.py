"""The text in a row, however nested."""

from typing import Any


def text_of(value: Any) -> str:
    """Return the text in a value; the names of roles in a conversation are no text."""
    if isinstance(value, dict):
        value = [inner for name, inner in value.items() if name not in ("role", "from")]
    if isinstance(value, (list, tuple)):
        return "\n".join(filter(None, map(text_of, value)))
    return "" if value is None else str(value)


def last_said(row: dict[str, Any], columns: dict[str, str]) -> str:
    """Return what the model learns to say in a row, or nothing."""
    role = next((role for role in ("completion", "output", "response", "chosen", "messages") if role in columns), "")
    said = row[columns[role]] if role else ""
    if isinstance(said, str):
        return said if role != "messages" else ""
    last = said[-1] if said else {}
    speaks = str(last.get("role") or last.get("from")).lower() in ("assistant", "gpt", "bot", "model", "chatgpt")
    found = last.get("content") or last.get("value") or last.get("text")
    return found if speaks and isinstance(found, str) else ""
