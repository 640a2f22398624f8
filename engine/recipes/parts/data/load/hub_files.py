"""Rows are some files of a hub data set."""

from datasets import Dataset, load_dataset


def read(source: str) -> Dataset:
    """Return the rows of owner/name/FILES, where FILES may be a pattern."""
    owner, name, files = source.split("/", 2)
    return load_dataset(f"{owner}/{name}", data_files=files, split="train")
