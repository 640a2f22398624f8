"""Pairs of texts as tokens: the encoder reads what was asked, the decoder learns the answer."""

from typing import Any

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.chat.too_long.truncate import drop_too_long
from engine.recipes.parts.is_answer import is_answer
from engine.recipes.parts.pair_texts import ended, written
from engine.recipes.parts.reading import MAX_LENGTH
from engine.recipes.parts.thinking.as_is import thoughtful
from engine.recipes.parts.turns.prompt_completion import messages


def questions(turns: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return every answer of the assistant with all that came before it."""
    found = []
    for place, turn in enumerate(turns):
        if is_answer(turn):
            if not isinstance(turn.get("content"), str):
                raise ValueError("an answer of the assistant is no text: an encoder-decoder model learns texts only")
            found.append((written(turns[:place]), turn["content"]))
    return found


def tokenize(rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> Dataset:
    """Return `input_ids` for the encoder and `labels` for the decoder, one row for each answer of the assistant."""

    def pairs(batch: dict[str, list[Any]], numbers: list[int]) -> dict[str, list[Any]]:
        whole = [dict(zip(batch, values, strict=True)) for values in zip(*batch.values(), strict=True)]
        found = [
            (pair, number)
            for number, row in zip(numbers, whole, strict=True)
            for pair in questions(thoughtful(messages(row), tokenizer))
        ]
        prompts, answers = [pair[0] for pair, _ in found], [pair[1] for pair, _ in found]
        asked = tokenizer(prompts)["input_ids"]
        told = [ended(tokens, tokenizer.eos_token_id) for tokens in tokenizer(text_target=answers)["input_ids"]]
        long = [(len(one) > MAX_LENGTH, len(other) > MAX_LENGTH) for one, other in zip(asked, told, strict=True)]
        return {
            "input_ids": tokenizer(prompts, max_length=MAX_LENGTH, truncation=True)["input_ids"],
            "labels": [tokens[:MAX_LENGTH] for tokens in told],
            "truncated": [prompt + 2 * answer for prompt, answer in long],
            "row": [number for _, number in found],
        }

    made = rows.map(pairs, batched=True, with_indices=True, remove_columns=rows.column_names, desc="tokenising")
    return drop_too_long(made, rows).remove_columns(["truncated", "row"])


def prompts(rows: Dataset, tokenizer: PreTrainedTokenizerBase, count: int) -> list[tuple[str, list[int]]]:
    """Return the first prompts as text and as tokens, ready for an answer."""
    few = rows.select(range(min(count, len(rows))))
    every = [questions(thoughtful(messages(row), tokenizer)) for row in few]
    first = [found[-1][0] for found in every if found]
    return [(text, tokenizer(text, max_length=MAX_LENGTH, truncation=True)["input_ids"]) for text in first]
