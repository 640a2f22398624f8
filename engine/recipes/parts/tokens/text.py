"""Plain texts as tokens, one text a row, each with its end marked."""

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.ended import ended
from engine.recipes.parts.reading import MAX_LENGTH
from engine.recipes.parts.whole_texts import beginnings


def tokenize(rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> Dataset:
    """Return `input_ids` and `labels`; all of a text is learned, and its end once; what is too long is cut."""

    def texts(batch: dict[str, list[str]]) -> dict[str, list[list[int]]]:
        found = [tokens[:MAX_LENGTH] for tokens in ended(batch["text"], tokenizer)]
        return {"input_ids": found, "labels": found}

    return rows.map(texts, batched=True, remove_columns=rows.column_names, desc="tokenising")


def prompts(rows: Dataset, tokenizer: PreTrainedTokenizerBase, count: int) -> list[tuple[str, list[int]]]:
    """Return the beginnings of the first texts, as text and as tokens, to be continued."""
    return beginnings(rows, tokenizer, count)
