"""Rows of a damaged text and the whole one."""

from datasets import Dataset

from engine.recipes.parts.decoder import check_decoder
from engine.recipes.parts.distinct_texts import check_distinct
from engine.recipes.parts.encoder import DOCUMENT_PROMPT
from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.text_columns import check_texts


def embedding_rows() -> tuple[Dataset, Dataset]:
    """Return training and test rows: the damaged text, and the whole one that is rebuilt."""
    check_decoder()
    train, test = read_rows()
    check_texts((train, test), "damaged", "original")
    check_distinct((train, test), "original")
    train, test = (rows.rename_column("original", "text").select_columns(["damaged", "text"]) for rows in (train, test))
    return train, test


def prompts() -> dict[str, str]:
    """Return the text that is put before each column; what is rebuilt has none."""
    return {"damaged": DOCUMENT_PROMPT}
