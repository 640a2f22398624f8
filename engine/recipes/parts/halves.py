"""Rows to learn from and rows to test on: there must be some of both."""

from datasets import Dataset


def check_halves(train: Dataset, test: Dataset, source: str) -> None:
    """Refuse rows of which none is whole, or so few that none can be held out."""
    for half, what in ((train, "learn from"), (test, "test on")):
        if not len(half):
            raise ValueError(f"{source} has no whole row to {what}: give more rows, or correct the columns")
