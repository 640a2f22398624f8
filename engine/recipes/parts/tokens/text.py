"""Plain texts as tokens, one text a row, each with its end marked."""

from typing import Any

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.chat.too_long.truncate import drop_too_long
from engine.recipes.parts.ended import ended
from engine.recipes.parts.reading import MAX_LENGTH
from engine.recipes.parts.whole_texts import beginnings


def tokenize(rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> Dataset:
    """Return `input_ids` and `labels`; all of a text is learned, and its end once; what is too long is cut."""

    def texts(batch: dict[str, list[str]], numbers: list[int]) -> dict[str, list[Any]]:
        whole = ended(batch["text"], tokenizer)
        found = [tokens[:MAX_LENGTH] for tokens in whole]
        cut = [2 * (len(tokens) > MAX_LENGTH) for tokens in whole]
        return {"input_ids": found, "labels": found, "truncated": cut, "row": numbers}

    made = rows.map(texts, batched=True, with_indices=True, remove_columns=rows.column_names, desc="tokenising")
    return drop_too_long(made, rows).remove_columns(["truncated", "row"])


def prompts(rows: Dataset, tokenizer: PreTrainedTokenizerBase, count: int) -> list[tuple[str, list[int]]]:
    """Return the beginnings of the first texts, as text and as tokens, to be continued."""
    return beginnings(rows, tokenizer, count)
