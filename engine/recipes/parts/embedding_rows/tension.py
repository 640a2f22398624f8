"""Single texts, each with another one beside it, or with itself: once for every seven others (Carlsson et al. 2021)."""

import random

from datasets import Dataset

from engine.recipes.parts.begin import SEED
from engine.recipes.parts.distinct_texts import check_distinct
from engine.recipes.parts.encoder import DOCUMENT_PROMPT
from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.text_columns import check_texts


def with_others(rows: Dataset) -> Dataset:
    """Return the texts with `other` before them: the same text in every eighth row, a drawn one in the rest."""
    texts, drawn = rows["text"], random.Random(SEED)
    others = [text if place % 8 == 0 else drawn.choice(texts) for place, text in enumerate(texts)]
    return Dataset.from_dict({"other": others, "text": texts})


def embedding_rows() -> tuple[Dataset, Dataset]:
    """Return training and test rows as pairs."""
    rows = read_rows()
    check_texts(rows, "text")
    check_distinct(rows, "text")
    return with_others(rows[0]), with_others(rows[1])


def prompts() -> dict[str, str]:
    """Return the text that is put before each column."""
    return {"other": DOCUMENT_PROMPT, "text": DOCUMENT_PROMPT}
