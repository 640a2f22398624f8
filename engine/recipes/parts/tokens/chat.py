"""Conversations as tokens: every answer is learned once, after all that came before it."""

from typing import Any

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.conversation import render, set_template
from engine.recipes.parts.learned_answer import example
from engine.recipes.parts.reading import MAX_LENGTH
from engine.recipes.parts.turns.prompt_completion import messages

LOSS_ON: str = "answer"  # learn the answer only, or all of the text


def tokenize(rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> Dataset:
    """Return `input_ids` and `labels`, one row for each answer of the assistant."""
    set_template(tokenizer)

    def answers(batch: dict[str, list[Any]]) -> dict[str, list[list[int]]]:
        columns: dict[str, list[list[int]]] = {"input_ids": [], "labels": []}
        for values in zip(*batch.values(), strict=True):
            row = dict(zip(batch, values, strict=True))
            turns, tools = messages(row), row.get("tools")
            for place, turn in enumerate(turns):
                if turn["role"] == "assistant":
                    asked = render(turns[:place], tools, tokenizer, ask=True)
                    whole = render(turns[: place + 1], tools, tokenizer, ask=False)
                    tokens, labels = example(asked, whole, tokenizer.eos_token_id)
                    columns["input_ids"].append(tokens)
                    columns["labels"].append(labels if LOSS_ON == "answer" else tokens)
        return columns

    return rows.map(answers, batched=True, remove_columns=rows.column_names, desc="tokenising")


def prompts(rows: Dataset, tokenizer: PreTrainedTokenizerBase, count: int) -> list[tuple[str, list[int]]]:
    """Return the first prompts as text and as tokens, ready for an answer."""
    asked = []
    for row in rows.select(range(min(count, len(rows)))):
        turns = messages(row)
        last = max(place for place, turn in enumerate(turns) if turn["role"] == "assistant")
        tokens = render(turns[:last], row.get("tools"), tokenizer, ask=True)
        asked.append((str(turns[last - 1]["content"]), tokens[-MAX_LENGTH:]))
    return asked
