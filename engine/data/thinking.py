"""Thinking text: what the assistant says to itself before it answers, in the forms that people bring."""

import re
from collections.abc import Mapping
from typing import Any

KEYS = ("reasoning_content", "thinking", "reasoning")
"""Fields of a turn that hold it, in the words of vLLM and Qwen, of gpt-oss, and of OpenRouter."""
TAG = re.compile(r"<think(?:ing)?>")
ROLES = ("messages", "completion", "output", "chosen", "rejected", "text")


def has_thinking(row: Mapping[str, Any], columns: Mapping[str, str]) -> bool:
    """Return whether thinking text stands in a column of a row from which answers are learned."""
    return any(_thinks(row.get(columns[role])) for role in ROLES if role in columns)


def _thinks(value: Any) -> bool:
    if isinstance(value, str):
        return "<think" in value and TAG.search(value) is not None
    turns = value if isinstance(value, list) else []
    return any(isinstance(turn, dict) and _turn(turn) for turn in turns)


def _turn(turn: Mapping[str, Any]) -> bool:
    return turn.get("role") == "assistant" and (any(turn.get(key) for key in KEYS) or _thinks(turn.get("content")))
