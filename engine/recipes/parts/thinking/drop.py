"""Thinking text is left out: the answers alone are learned."""

import re
from typing import Any

from transformers import PreTrainedTokenizerBase


def thoughtful(turns: list[dict[str, Any]], _: PreTrainedTokenizerBase) -> list[dict[str, Any]]:
    """Return the turns without what the assistant says to itself, in fields of its own or between <think> tags."""
    found = []
    for turn in turns:
        plain = {
            name: value for name, value in turn.items() if name not in ("reasoning_content", "thinking", "reasoning")
        }
        content = plain.get("content")
        if turn["role"] == "assistant" and isinstance(content, str):
            content = re.sub(r"<think(?:ing)?>.*?(</think(?:ing)?>|$)\s*", "", content, flags=re.DOTALL)
            # some models leave out the opening tag, which their template has written already
            plain["content"] = re.sub(r"^.*?</think(?:ing)?>\s*", "", content, flags=re.DOTALL)
        found.append(plain)
    return found
