"""Rows are Arrow, as `datasets` saves them."""

from datasets import Dataset, load_dataset

from engine.recipes.parts.data.files.general import files_of


def read(source: str) -> Dataset:
    """Return the rows of the Arrow files in a source."""
    return load_dataset("arrow", data_files=files_of(source), split="train")
