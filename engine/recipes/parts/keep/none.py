"""Nothing is kept, and nothing is measured beside the task."""

from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase


class Keep:
    """No rows: the task alone."""

    held: Dataset | None = None

    def __init__(self, _: PreTrainedTokenizerBase) -> None:
        """Read nothing."""

    def joined(
        self, _: PreTrainedModel, train: Dataset, tests: dict[str, Dataset]
    ) -> tuple[Dataset, dict[str, Dataset]]:
        """Return the rows to train on and the test sets as they are."""
        return train, tests
