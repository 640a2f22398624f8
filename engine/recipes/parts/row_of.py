"""A value of a JSON file as a row."""

from typing import Any


def as_row(value: Any, place: str) -> dict[str, Any]:
    """Return a row; a list of cells gets columns with numbers, and anything else is refused."""
    if isinstance(value, list):
        return {f"column_{number}": cell for number, cell in enumerate(value, 1)}
    if not hasattr(value, "items"):
        raise ValueError(f"{place} holds {str(value)[:40]!r} where a row should be: correct data.layout or the file")
    found: dict[str, Any] = value
    return found
