"""Rows of a text and its class."""

from collections import Counter

from datasets import Dataset

from engine.recipes.parts.encoder import QUERY_PROMPT
from engine.recipes.parts.label_names import with_names
from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.text_columns import check_texts


def embedding_rows() -> tuple[Dataset, Dataset]:
    """Return training and test rows, their classes numbered; both must give triplets."""
    rows = with_names(read_rows("label"))
    check_texts(rows, "text")
    for side, name in zip(rows, ("training", "test"), strict=True):
        sizes = Counter(side["label"])
        if sum(size >= 2 for size in sizes.values()) < 2:
            raise ValueError(
                f"fewer than two classes have two {name} rows, but a triplet needs two of one and another: "
                "more rows are needed, or a larger data.test_fraction"
            )
    return rows


def prompts() -> dict[str, str]:
    """Return the text that is put before each column."""
    return {"text": QUERY_PROMPT}
