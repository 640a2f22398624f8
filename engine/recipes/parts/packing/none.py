"""Every row of tokens is a sequence of its own."""

from typing import Any


def packing_arguments() -> dict[str, Any]:
    """Return what the library is told: nothing, this is its default."""
    return {}
