"""Preferences as tokens: one prompt and two answers to it."""

from typing import Any

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.answer_tokens import answered


def pair_tokens(rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> Dataset:
    """Return `prompt_ids`, `chosen_ids` and `rejected_ids`; pairs that differ only where they are cut are left out."""

    def tokens(row: dict[str, Any]) -> dict[str, list[int]]:
        prompt, (chosen, rejected) = answered(row["prompt"], [row["chosen"], row["rejected"]], tokenizer)
        return {"prompt_ids": prompt, "chosen_ids": chosen, "rejected_ids": rejected}

    every = rows.map(tokens, remove_columns=rows.column_names, desc="tokenising")
    useful = every.filter(lambda row: row["chosen_ids"] != row["rejected_ids"])
    if not len(useful):
        raise ValueError("all answers are cut before they differ: raise training.max_length")
    if len(useful) < len(every):
        print(f"{len(every) - len(useful)} of {len(every)} pairs are left out: cut before their answers differ")
    return useful


def even_batches(rows: Dataset, largest: int) -> tuple[Dataset, int]:
    """Return rows and a batch size without a smaller last batch, since the trainers average over batches, not rows.

    The batch is more than half of `largest`; fewer rows than one batch are left out where no size fits exactly.
    """
    sizes = range(min(largest, len(rows)), largest // 2, -1) or [len(rows)]
    size = min(sizes, key=lambda size: len(rows) % size)
    return rows.select(range(len(rows) - len(rows) % size)), size
