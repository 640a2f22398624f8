"""Fields inside an object become columns of their own; where two have one name, the outer name stands before it."""

from collections.abc import Iterable, Iterator
from typing import Any


def converted(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield every row with the fields of its objects beside the other columns."""
    for row in rows:
        new: dict[str, Any] = {}
        for name, value in row.items():
            if not isinstance(value, dict):
                new[name] = value
        for name, value in row.items():
            for inner, field in value.items() if isinstance(value, dict) else ():
                new[f"{name}.{inner}" if inner in row or inner in new else inner] = field
        yield new
