"""Preferences as pairs: one prompt, a chosen answer and a rejected one."""

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.pair_tokens import pair_tokens
from engine.recipes.parts.pairs.given import read_pairs


def read_preferences() -> tuple[Dataset, Dataset]:
    """Return `prompt`, `chosen` and `rejected` as turns, to train on and to test with."""
    return read_pairs()


def tokenize(rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> Dataset:
    """Return the pairs as token ids."""
    return pair_tokens(rows, tokenizer)
