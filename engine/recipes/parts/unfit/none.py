"""Every row is text that can be learned."""

from typing import Any


def why_unfit(_: dict[str, Any]) -> str:
    """Return that there is nothing against a row."""
    return ""
