"""Rows with a prompt and its completion."""

from typing import Any


def messages(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the row as a conversation of two turns; turns that are given already are kept."""
    prompt, completion = row["prompt"], row["completion"]
    asked = prompt if isinstance(prompt, list) else [{"role": "user", "content": prompt}]
    answered = completion if isinstance(completion, list) else [{"role": "assistant", "content": completion}]
    return asked + answered
