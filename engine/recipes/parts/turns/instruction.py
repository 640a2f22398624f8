"""Rows with an instruction, perhaps an input, and the output."""

from typing import Any

from engine.recipes.parts.template import filled

TEMPLATE: str = "{instruction}\n\n{input}"  # how instruction and input become one prompt


def messages(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the row as a conversation of two turns."""
    prompt = filled(TEMPLATE, row)
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": row["output"]}]
