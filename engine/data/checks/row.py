"""One row as the checks see it: the text of every role, and the answer in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

ANSWERS = ("completion", "output", "response", "chosen")
"""Roles whose text the model learns to say."""
_SPEAKS = ("role", "from")
_SAID = ("content", "value", "text")
_ASSISTANT = frozenset({"assistant", "gpt", "bot", "model", "chatgpt"})


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row by its number, from 1: the text of each role, and what the model learns to say, if anything."""

    number: int
    texts: dict[str, str]
    answer: str | None
    text: str
    """All texts of the row."""


def checked(number: int, row: Mapping[str, Any], columns: Mapping[str, str]) -> CheckedRow:
    """Return a row with only the columns that play a role; without roles all of them count under their own names."""
    named = columns or {name: name for name in row}
    texts = {role: text_of(row.get(column)) for role, column in named.items()}
    return CheckedRow(number, texts, _answer(row, named, texts), "\n".join(texts.values()))


def text_of(value: Any) -> str:
    """Return the text in a value, however nested; the names of roles in a conversation are no text."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return "\n".join(filter(None, (text_of(inner) for name, inner in value.items() if name not in _SPEAKS)))
    if isinstance(value, Iterable) and not isinstance(value, bytes):
        return "\n".join(filter(None, map(text_of, value)))
    return str(value)


def _answer(row: Mapping[str, Any], columns: Mapping[str, str], texts: Mapping[str, str]) -> str | None:
    for role in ANSWERS:
        if role in columns:
            value = row.get(columns[role])
            return texts[role] if isinstance(value, str) else _last_said(value)
    return _last_said(row.get(columns["messages"])) if "messages" in columns else None


def _last_said(turns: Any) -> str | None:
    if not isinstance(turns, list) or not turns or not isinstance(turns[-1], Mapping):
        return None
    last = turns[-1]
    if not any(str(last.get(name)).lower() in _ASSISTANT for name in _SPEAKS):
        return None
    return next((last[name] for name in _SAID if isinstance(last.get(name), str)), None)
