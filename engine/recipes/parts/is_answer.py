"""What an answer is that can be learned."""

from typing import Any


def is_answer(turn: dict[str, Any]) -> bool:
    """Return whether the assistant says something in a turn, or calls a tool: silence is nothing to learn."""
    content = turn.get("content")
    said = content.strip() if isinstance(content, str) else content
    return turn["role"] == "assistant" and bool(said or turn.get("tool_calls"))
