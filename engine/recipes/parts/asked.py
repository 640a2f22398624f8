"""Which prompts are answered before and after the training: the first of every test set, in turn."""

from collections.abc import Iterable
from itertools import zip_longest

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.samples import SAMPLES
from engine.recipes.parts.tokens.chat import prompts


def first_prompts(tests: Iterable[Dataset], tokenizer: PreTrainedTokenizerBase) -> list[tuple[str, list[int]]]:
    """Return `SAMPLES` prompts as text and as tokens, ready for an answer."""
    each = [prompts(test, tokenizer, SAMPLES) for test in tests]
    return [prompt for turn in zip_longest(*each) for prompt in turn if prompt][:SAMPLES]
