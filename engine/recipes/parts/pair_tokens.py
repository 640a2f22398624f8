"""Preferences as tokens: one prompt and two answers to it."""

from typing import Any

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.answer_tokens import answered
from engine.recipes.parts.chat.too_long.truncate import drop_too_long
from engine.recipes.parts.data.left_out import left_out


def pair_tokens(rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> Dataset:
    """Return `prompt_ids`, `chosen_ids` and `rejected_ids`; pairs that differ only where they are cut are left out."""

    def tokens(row: dict[str, Any], number: int) -> dict[str, Any]:
        prompt, (chosen, rejected), truncated = answered(row["prompt"], [row["chosen"], row["rejected"]], tokenizer)
        made = {"prompt_ids": prompt, "chosen_ids": chosen, "rejected_ids": rejected}
        return {**made, "truncated": truncated, "row": number}

    every = rows.map(tokens, with_indices=True, remove_columns=rows.column_names, desc="tokenising")
    alike = [row["chosen_ids"] == row["rejected_ids"] for row in every]
    if all(alike):
        raise ValueError("all answers are cut before they differ: raise training.max_length")
    left_out(rows, ["cut_alike" if each else "" for each in alike], "pairs", numbered=False)
    different = every.select([place for place, each in enumerate(alike) if not each])
    return drop_too_long(different, rows).remove_columns(["truncated", "row"])


def even_batches(rows: Dataset, largest: int) -> tuple[Dataset, int]:
    """Return rows and a batch size without a smaller last batch, since the trainers average over batches, not rows.

    The batch is more than half of `largest`; fewer rows than one batch are left out where no size fits exactly.
    """
    sizes = range(min(largest, len(rows)), largest // 2, -1) or [len(rows)]
    size = min(sizes, key=lambda size: len(rows) % size)
    return rows.select(range(len(rows) - len(rows) % size)), size
