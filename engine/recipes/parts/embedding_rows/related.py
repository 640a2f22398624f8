"""Rows of two texts and the class of what holds between them, such as entailment or contradiction."""

from datasets import Dataset

from engine.recipes.parts.encoder import QUERY_PROMPT
from engine.recipes.parts.label_names import with_names
from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.text_columns import check_texts


def embedding_rows() -> tuple[Dataset, Dataset]:
    """Return training and test rows, their classes numbered."""
    rows = with_names(read_rows("label"))
    order = ["sentence1", "sentence2", "label"]
    check_texts(rows, *order[:2])
    return rows[0].select_columns(order), rows[1].select_columns(order)


def prompts() -> dict[str, str]:
    """Return the text that is put before each column: both are texts of one kind."""
    return {"sentence1": QUERY_PROMPT, "sentence2": QUERY_PROMPT}
