"""Thinking text is learned with the answer, where the chat template reads it."""

import re
from typing import Any

from transformers import PreTrainedTokenizerBase


def apart(turn: dict[str, Any]) -> tuple[str, str]:
    """Return what the assistant thinks in a turn, and what it says."""
    fields = [turn.get(name) for name in ("reasoning_content", "thinking", "reasoning")]
    thought = next((value for value in fields if isinstance(value, str) and value.strip()), "")
    content = str(turn.get("content") or "")
    found = re.match(r"\s*<think(?:ing)?>(.*?)</think(?:ing)?>\s*(.*)", content, re.DOTALL)
    return (thought or found[1].strip(), found[2]) if found else (thought.strip(), content)


def written(turn: dict[str, Any], template: str) -> dict[str, Any]:
    """Return a turn with its thinking where the template reads it: in a field of its own, else before the answer."""
    thought, said = apart(turn)
    plain = {name: value for name, value in turn.items() if name not in ("reasoning_content", "thinking", "reasoning")}
    own = next(
        (name for name in ("reasoning_content", "thinking") if f".{name}" in template or f"'{name}'" in template), ""
    )
    return (
        {**plain, "content": said, own: thought}
        if own
        else {**plain, "content": f"<think>\n{thought}\n</think>\n\n{said}"}
    )


def thoughtful(turns: list[dict[str, Any]], tokenizer: PreTrainedTokenizerBase) -> list[dict[str, Any]]:
    """Return the turns with their thinking; a chat template that drops it is refused, since nothing would be said."""
    template = str(tokenizer.chat_template or "")
    found = []
    for turn in turns:
        if turn["role"] != "assistant" or not apart(turn)[0]:
            found.append(turn)
            continue
        found.append(written(turn, template))
        if template:
            whole = tokenizer.apply_chat_template(found, tokenize=False)
            if " ".join(apart(turn)[0].split())[:40] not in " ".join(str(whole).split()):
                raise ValueError(
                    "the model's chat template drops the thinking text of the rows, so that it can't be learned: set "
                    "objective.thinking to drop, or objective.chat_template to plain"
                )
    return found
