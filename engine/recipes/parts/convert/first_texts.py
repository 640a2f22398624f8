"""Of lists of texts, such as the turns of a test or several right answers, the first is taken."""

from collections.abc import Iterable, Iterator
from typing import Any


def converted(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield every row with the first text of its lists."""
    for row in rows:
        yield {
            name: (value[0] if value else "")
            if isinstance(value, list) and all(isinstance(part, str) for part in value)
            else value
            for name, value in row.items()
        }
