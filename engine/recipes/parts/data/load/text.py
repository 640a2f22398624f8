"""Rows are lines of text."""

from datasets import Dataset, load_dataset

from engine.recipes.parts.data.files.general import files_of


def read(source: str) -> Dataset:
    """Return the rows of a source: every line of text is one."""
    return load_dataset("text", data_files=files_of(source), split="train")
