"""Answers as tokens after their prompt: each ends once, and what is too long is cut."""

from typing import Any

from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.answer_end import with_end
from engine.recipes.parts.conversation import render
from engine.recipes.parts.fitted import fitted


def answered(
    prompt: list[dict[str, Any]], answers: list[list[dict[str, Any]]], tokenizer: PreTrainedTokenizerBase
) -> tuple[list[int], list[list[int]], int]:
    """Return the tokens of a prompt and of each answer to it, and what was cut (`fitted`)."""
    asked = render(prompt, None, tokenizer, ask=True)
    wholes = [render(prompt + answer, None, tokenizer, ask=False) for answer in answers]
    same = 0
    while same < len(asked) and all(whole[same : same + 1] == [asked[same]] for whole in wholes):
        same += 1
    return fitted(asked[:same], [with_end(whole[same:], tokenizer.eos_token_id) for whole in wholes])
