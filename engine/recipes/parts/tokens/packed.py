"""Plain texts as tokens, joined and cut into equal lengths, so that nothing is padding and nothing is lost."""

from itertools import chain

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.ended import ended
from engine.recipes.parts.reading import MAX_LENGTH
from engine.recipes.parts.whole_texts import beginnings


def tokenize(rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> Dataset:
    """Return `input_ids` and `labels` of `MAX_LENGTH` each: texts one after the other, the end of each marked.

    Only the last of every thousand texts may leave a shorter length behind.
    """

    def joined(batch: dict[str, list[str]]) -> dict[str, list[list[int]]]:
        tokens = list(chain.from_iterable(ended(batch["text"], tokenizer)))
        cut = [tokens[start : start + MAX_LENGTH] for start in range(0, len(tokens), MAX_LENGTH)]
        whole = [block for block in cut if len(block) > 1]  # one token alone predicts nothing
        return {"input_ids": whole, "labels": whole}

    return rows.map(joined, batched=True, batch_size=1000, remove_columns=rows.column_names, desc="tokenising")


def prompts(rows: Dataset, tokenizer: PreTrainedTokenizerBase, count: int) -> list[tuple[str, list[int]]]:
    """Return the beginnings of the first texts, as text and as tokens, to be continued."""
    return beginnings(rows, tokenizer, count)
