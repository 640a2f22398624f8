"""Answers that begin with the whole prompt go on without it, so that it is read once."""

from collections.abc import Iterable, Iterator
from typing import Any


def prompt_in(row: dict[str, Any]) -> str:
    """Return the text of the column that asks, or nothing."""
    asking = ("prompt", "instruction", "input", "query", "question", "user", "problem", "source", "src")
    names = (*asking, "request", "article", "document")
    plain = {name.lower(): value for name, value in row.items() if isinstance(value, str)}
    return next((plain[name].strip() for name in names if name in plain), "")


def alone(text: str, prompt: str) -> str:
    """Return an answer without the prompt that it begins with; one that is nothing else stays as it is."""
    rest = text.strip().removeprefix(prompt).strip()
    return rest if prompt and rest and text.strip().startswith(prompt) else text


def converted(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield every row with its answers alone."""
    for row in rows:
        prompt = prompt_in(row)
        asked = [name for name, value in row.items() if isinstance(value, str) and value.strip() == prompt]
        yield {
            name: alone(value, prompt) if isinstance(value, str) and name not in asked else value
            for name, value in row.items()
        }
