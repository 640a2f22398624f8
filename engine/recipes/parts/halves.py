"""Rows to learn from and rows to test on: there must be some of both."""

from datasets import Dataset


def check_halves(train: Dataset, test: Dataset, source: str, kinds: str = "") -> None:
    """Refuse an empty training or test set."""
    if kinds and len(train) and not len(test):
        raise ValueError(
            f"{source}: no value of the column '{kinds}' is in two rows, so none can be both learned and tested: "
            "they look like texts or measures of their own; take a column with a few values that repeat (data.columns)"
        )
    for half, what in ((train, "learn from"), (test, "test on")):
        if not len(half):
            raise ValueError(f"{source} has no whole row to {what}: give more rows, or correct the columns")
