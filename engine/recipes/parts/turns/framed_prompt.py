"""Rows with a prompt, which stands in a frame of words, and its completion."""

from typing import Any

from engine.recipes.parts.template import filled

TEMPLATE: str = "{instruction}\n\n{input}"  # the frame, with {prompt} in it


def messages(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the row as a conversation of two turns."""
    return [{"role": "user", "content": filled(TEMPLATE, row)}, {"role": "assistant", "content": row["completion"]}]
