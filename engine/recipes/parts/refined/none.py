"""Labels and scores stay as they are."""

from datasets import Dataset


def refined(rows: Dataset) -> Dataset:
    """Return the rows as they are."""
    return rows
