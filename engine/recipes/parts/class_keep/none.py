"""Nothing is kept, and nothing is measured beside the task."""

from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase


class Keep:
    """No rows: the task alone."""

    held: Dataset | None = None
    measured: Dataset | None = None

    def __init__(self, _: PreTrainedTokenizerBase, __: list[str]) -> None:
        """Read nothing."""

    def joined(self, _: PreTrainedModel, train: Dataset) -> Dataset:
        """Return the rows to train on as they are."""
        return train
