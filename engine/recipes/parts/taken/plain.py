"""Rows are learned as the library reads them."""

from datasets import Dataset

from engine.recipes.parts.data.load.general import read


def source_rows(source: str) -> Dataset:
    """Return the rows of a source."""
    return read(source)
