"""Rows that are compared with each other must differ."""

from datasets import Dataset


def check_distinct(rows: tuple[Dataset, Dataset], *columns: str) -> None:
    """Refuse columns with one text only, where each row is compared with the others."""
    for column in columns:
        if len(set(rows[0][column])) == 1:
            raise ValueError(f"every row has the same {column}: there is nothing to tell apart; correct data.columns")
