"""Conversations without tools."""

from typing import Any


def tools_of(_: dict[str, Any]) -> Any:
    """Return no tools."""
    return None
