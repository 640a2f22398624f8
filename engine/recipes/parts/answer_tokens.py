"""Answers as tokens after their prompt: each ends once, and what is too long loses the beginning of the prompt."""

from typing import Any

from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.conversation import render
from engine.recipes.parts.reading import MAX_LENGTH


def ended(answer: list[int], end: int) -> list[int]:
    """Return an answer that stops at its last end-of-text token, which is added where it is missing."""
    length = len(answer) - answer[::-1].index(end) if end in answer else len(answer)
    return [*answer[:length], *([] if end in answer else [end])]


def answered(
    prompt: list[dict[str, Any]], answers: list[list[dict[str, Any]]], tokenizer: PreTrainedTokenizerBase
) -> tuple[list[int], list[list[int]]]:
    """Return the tokens of a prompt and of each answer to it; the longest of them together with the prompt fits."""
    asked = render(prompt, None, tokenizer, ask=True)
    wholes = [render(prompt + answer, None, tokenizer, ask=False) for answer in answers]
    same = 0
    while same < len(asked) and all(whole[same : same + 1] == [asked[same]] for whole in wholes):
        same += 1
    told = [ended(whole[same:], tokenizer.eos_token_id)[: MAX_LENGTH - 1] for whole in wholes]
    room = MAX_LENGTH - max(map(len, told))
    fitting = asked[:same] if same <= room else [asked[0], *asked[same - room + 1 : same]]
    return fitting, told
