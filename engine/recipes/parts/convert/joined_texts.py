"""Lists of texts become one text each, their parts divided by blank lines."""

from collections.abc import Iterable, Iterator
from typing import Any


def converted(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield every row with its lists of texts joined."""
    for row in rows:
        yield {
            name: "\n\n".join(map(str, value))
            if isinstance(value, list) and all(isinstance(part, str) for part in value)
            else value
            for name, value in row.items()
        }
