"""Rows are JSON: one object a line, or one list of them."""

from datasets import Dataset, load_dataset

from engine.recipes.parts.data.files.general import files_of


def read(source: str) -> Dataset:
    """Return the rows of the JSON in a source."""
    return load_dataset("json", data_files=files_of(source), split="train")
