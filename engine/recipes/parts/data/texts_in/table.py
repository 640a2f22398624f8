"""Every row of a table is a text to read on in."""

from datasets import Dataset

from engine.recipes.parts.taken.plain import source_rows


def texts_in(source: str) -> Dataset:
    """Return the rows of a table."""
    return source_rows(source)
