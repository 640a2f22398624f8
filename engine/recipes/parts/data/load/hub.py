"""Rows are a data set of the hub."""

from datasets import Dataset, load_dataset


def read(source: str) -> Dataset:
    """Return the training rows of a hub data set."""
    return load_dataset(source, split="train")
