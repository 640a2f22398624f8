"""Rows in a form that the library `datasets` reads as it is."""

from datasets import Dataset

from engine.recipes.parts.data.load.general import read


def load(source: str) -> Dataset:
    """Return the rows of a source."""
    return read(source)
