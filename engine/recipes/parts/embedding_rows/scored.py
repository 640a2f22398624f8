"""Rows of two texts and a number that says how similar they are; only the order of the numbers counts."""

from datasets import Dataset

from engine.recipes.parts.encoder import QUERY_PROMPT
from engine.recipes.parts.scores import scored_rows


def embedding_rows() -> tuple[Dataset, Dataset]:
    """Return training and test rows."""
    return scored_rows()


def prompts() -> dict[str, str]:
    """Return the text that is put before each column: both are texts of one kind."""
    return {"sentence1": QUERY_PROMPT, "sentence2": QUERY_PROMPT}
