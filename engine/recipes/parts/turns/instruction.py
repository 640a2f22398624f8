"""Rows with an instruction, perhaps an input, and the output."""

from typing import Any

TEMPLATE: str = "{instruction}\n\n{input}"  # how instruction and input become one prompt


def messages(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the row as a conversation of two turns."""
    prompt = TEMPLATE.replace("{instruction}", row["instruction"]).replace("{input}", row.get("input") or "")
    return [{"role": "user", "content": prompt.strip()}, {"role": "assistant", "content": row["output"]}]
