"""The question for the class of a text, and every class as an answer to it."""

import re
from typing import Any

from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.conversation import render
from engine.recipes.parts.reading import MAX_LENGTH

QUESTION: str = "{text}\n\nWhich of these fits: {classes}?"  # how a language model is asked for the class of a text


def asked(row: dict[str, Any], names: list[str]) -> dict[str, str]:
    """Return the question about a row as a turn; two texts are two paragraphs."""
    text = "\n\n".join(row[role] for role in ("text", "text_pair") if role in row)
    said = {"text": text, "classes": ", ".join(names)}
    return {"role": "user", "content": re.sub(r"\{(text|classes)\}", lambda found: said[found[1]], QUESTION)}


def solved(row: dict[str, Any], names: list[str]) -> list[dict[str, str]]:
    """Return the question about a row and its answer."""
    return [asked(row, names), {"role": "assistant", "content": names[row["label"]]}]


def prompt_and_answers(
    turns: list[dict[str, str]], names: list[str], tokenizer: PreTrainedTokenizerBase
) -> tuple[list[int], list[list[int]]]:
    """Return the tokens that all answers have in common, and each answer's own, its end marked.

    What is too long loses the beginning of the prompt, but for its first token.
    """
    end = tokenizer.eos_token_id
    prompt = render(turns, None, tokenizer, ask=True)
    wholes = [render([*turns, {"role": "assistant", "content": name}], None, tokenizer, ask=False) for name in names]
    same = 0
    while all(same < min(len(prompt), len(whole)) and prompt[same] == whole[same] for whole in wholes):
        same += 1
    answers = []
    for answer in (whole[same:] for whole in wholes):
        length = len(answer) - answer[::-1].index(end) if end in answer else len(answer)
        answers.append([*answer[:length], *([] if end in answer else [end])])
    room = max(2, MAX_LENGTH - max(map(len, answers)))
    prompt = prompt[:same]
    return prompt if same <= room else [prompt[0], *prompt[same - room + 1 :]], answers
