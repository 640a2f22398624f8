"""Preferences as single answers, each labeled good or bad."""

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.begin import SEED
from engine.recipes.parts.verdict_tokens import verdict_tokens
from engine.recipes.parts.verdicts.given import read_verdicts


def read_preferences() -> tuple[Dataset, Dataset]:
    """Return `prompt`, `completion` and `label`, to train on and to test with.

    The training rows are shuffled, since the drift is estimated from neighboring ones.
    """
    train, test = read_verdicts()
    return train.shuffle(seed=SEED), test


def tokenize(rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> Dataset:
    """Return the labeled answers as token ids."""
    return verdict_tokens(rows, tokenizer)
