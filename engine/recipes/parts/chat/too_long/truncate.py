"""What is longer than the longest text is cut."""

from datasets import Dataset


def drop_too_long(examples: Dataset, _: Dataset) -> Dataset:
    """Return the tokenised examples as they are."""
    return examples
