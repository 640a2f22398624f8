"""Conversations as tokens: every answer is learned once, after all that came before it."""

from typing import Any

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.conversation import render, set_template
from engine.recipes.parts.is_answer import is_answer
from engine.recipes.parts.learned_answer import example
from engine.recipes.parts.reading import MAX_LENGTH
from engine.recipes.parts.thinking.as_is import thoughtful
from engine.recipes.parts.too_long import without_too_long
from engine.recipes.parts.turns.prompt_completion import messages

LOSS_ON: str = "answer"  # learn the answer only, or all of the text


def tokenize(rows: Dataset, tokenizer: PreTrainedTokenizerBase, last: bool = False) -> Dataset:
    """Return `input_ids` and `labels`, one row for each answer of the assistant that says something, or its last."""
    set_template(tokenizer)

    def answers(batch: dict[str, list[Any]], numbers: list[int]) -> dict[str, list[Any]]:
        columns: dict[str, list[Any]] = {"input_ids": [], "labels": [], "truncated": [], "row": []}
        for number, *values in zip(numbers, *batch.values(), strict=True):
            row = dict(zip(batch, values, strict=True))
            turns, tools = thoughtful(messages(row), tokenizer), row.get("tools")
            spoken = [place for place, turn in enumerate(turns) if is_answer(turn)]
            for place in spoken[-1:] if last else spoken:
                asked = render(turns[:place], tools, tokenizer, ask=True)
                whole = render(turns[: place + 1], tools, tokenizer, ask=False)
                tokens, labels, truncated = example(asked, whole, tokenizer.eos_token_id)
                columns["input_ids"].append(tokens)
                columns["labels"].append(labels if LOSS_ON == "answer" else tokens)
                columns["truncated"].append(truncated)
                columns["row"].append(number)
        return columns

    made = rows.map(answers, batched=True, with_indices=True, remove_columns=rows.column_names, desc="tokenising")
    return without_too_long(made, rows)


def prompts(rows: Dataset, tokenizer: PreTrainedTokenizerBase, count: int) -> list[tuple[str, list[int]]]:
    """Return the first prompts as text and as tokens, ready for an answer."""
    asked = []
    for row in rows.select(range(min(count, len(rows)))):
        turns = thoughtful(messages(row), tokenizer)
        last = max((place for place, turn in enumerate(turns) if is_answer(turn)), default=0)
        if not last:  # nothing but thinking text, which is left out
            continue
        tokens = render(turns[:last], row.get("tools"), tokenizer, ask=True)
        asked.append((str(turns[last - 1]["content"]), tokens[-MAX_LENGTH:]))
    return asked
