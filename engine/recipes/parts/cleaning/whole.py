"""No row is left out."""

from datasets import Dataset


def clean(rows: Dataset, _: dict[str, str], __: str, ___: Dataset | None) -> Dataset:
    """Return the rows as they are."""
    return rows
