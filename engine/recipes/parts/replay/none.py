"""Only the task's own rows are trained on."""

from datasets import Dataset


def replayed(train: Dataset, _: Dataset) -> Dataset:
    """Return the training rows as they are."""
    return train
