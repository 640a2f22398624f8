"""Rows are Parquet."""

from datasets import Dataset, load_dataset

from engine.recipes.parts.data.files.general import files_of


def read(source: str) -> Dataset:
    """Return the rows of the Parquet files in a source."""
    return load_dataset("parquet", data_files=files_of(source), split="train")
