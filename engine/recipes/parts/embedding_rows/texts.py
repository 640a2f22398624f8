"""Rows of single texts."""

from datasets import Dataset

from engine.recipes.parts.distinct_texts import check_distinct
from engine.recipes.parts.encoder import DOCUMENT_PROMPT
from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.text_columns import check_texts


def embedding_rows() -> tuple[Dataset, Dataset]:
    """Return training and test rows."""
    rows = read_rows()
    check_texts(rows, "text")
    check_distinct(rows, "text")
    return rows


def prompts() -> dict[str, str]:
    """Return the text that is put before each column."""
    return {"text": DOCUMENT_PROMPT}
