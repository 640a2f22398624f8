"""Judged answers as tokens, each beside a neighbour's answer to its own prompt."""

from typing import Any

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.answer_tokens import answered
from engine.recipes.parts.chat.too_long.truncate import drop_too_long
from engine.recipes.parts.reading import BATCH


def verdict_tokens(rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> Dataset:
    """Return `prompt_ids`, `completion_ids`, `label`, and in `KL_completion_ids` the answers moved on by one.

    Within every batch the moved answers show how far the model has drifted on any text (section 4 of the KTO paper).
    """

    def tokens(row: dict[str, Any], number: int) -> dict[str, Any]:
        prompt, (answer,), truncated = answered(row["prompt"], [row["completion"]], tokenizer)
        return {"prompt_ids": prompt, "completion_ids": answer, "truncated": truncated, "row": number}

    def moved(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        answers = batch["completion_ids"]
        return {"KL_completion_ids": answers[-1:] + answers[:-1]}

    names = [name for name in rows.column_names if name != "label"]
    made = rows.map(tokens, with_indices=True, remove_columns=names, desc="tokenising")
    plain = drop_too_long(made, rows).remove_columns(["truncated", "row"])
    alone = len(plain) > BATCH and len(plain) % BATCH == 1  # a batch of one would measure itself as drift
    return plain.select(range(len(plain) - alone)).map(moved, batched=True, batch_size=BATCH, desc="moving on")
