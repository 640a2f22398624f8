"""Texts with a list of matches, and perhaps one of others, become a row for every match."""

from collections.abc import Iterable, Iterator
from typing import Any


def texts_among(value: list[Any]) -> list[str]:
    """Return the texts of a list, or of the objects in it."""
    return [part if isinstance(part, str) else str(part.get("text") or part.get("passage") or "") for part in value]


def converted(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield as many rows as the longest list has texts; a shorter one begins again."""
    for row in rows:
        lists = {name: texts_among(value) for name, value in row.items() if isinstance(value, list) and value}
        if any(isinstance(value, list) and not value for value in row.values()):
            continue
        for place in range(max(map(len, lists.values()), default=1)):
            yield row | {name: texts[place % len(texts)] for name, texts in lists.items()}
