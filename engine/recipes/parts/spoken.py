"""Conversations out of what people write down: turns, one text, or a transcript of Human and Assistant."""

import re
from typing import Any


def transcript(text: str) -> list[dict[str, str]]:
    """Return the turns of 'Human: … Assistant: …' (Bai et al. 2022, arXiv:2204.05862), none for any other text.

    An assistant who is yet to speak is no turn, and what one side says in several goes is one turn.
    """
    before, *said = re.split(r"(?:^|\n\n)(Human|Assistant):", text.strip())
    turns: list[dict[str, str]] = []
    for name, words in zip(said[::2], said[1::2], strict=True):
        role, content = {"Human": "user", "Assistant": "assistant"}[name], words.strip()
        if turns and turns[-1]["role"] == role:
            content = f"{turns.pop()['content']}\n\n{content}".strip()
        turns.append({"role": role, "content": content})
    if turns and not turns[-1]["content"]:
        turns.pop()
    return [] if before.strip() else turns


def as_turns(said: Any, role: str) -> list[dict[str, str]]:
    """Return a conversation as turns of role and content; a text alone is one turn of `role`."""
    if isinstance(said, str):
        return (transcript(said) if role == "user" else []) or [{"role": role, "content": said.strip()}]
    return [{"role": turn["role"], "content": turn["content"] or ""} for turn in said]
