"""Rows of a text, one that belongs to it, and perhaps some that do not."""

from datasets import Dataset

from engine.recipes.parts.distinct_texts import check_distinct
from engine.recipes.parts.encoder import DOCUMENT_PROMPT, QUERY_PROMPT
from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.source import COLUMNS
from engine.recipes.parts.text_columns import check_texts


def in_roles_order() -> list[str]:
    """Return the roles in the order in which a loss takes them: the anchor, its positive, the negatives."""
    return sorted(COLUMNS, key=lambda role: ("anchor", "positive").index(role) if role in ("anchor", "positive") else 2)


def embedding_rows() -> tuple[Dataset, Dataset]:
    """Return training and test rows."""
    train, test = read_rows()
    order = in_roles_order()
    rows = train.select_columns(order), test.select_columns(order)
    check_texts(rows, *order)
    check_distinct(rows, "anchor", "positive")
    return rows


def prompts() -> dict[str, str]:
    """Return the text that is put before each column."""
    return {role: QUERY_PROMPT if role == "anchor" else DOCUMENT_PROMPT for role in in_roles_order()}
