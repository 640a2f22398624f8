"""Rows of tokens that are kept, all of them to be predicted."""

from datasets import Dataset, Features, List, Value

from engine.recipes.parts.reading import MAX_LENGTH


def row_length() -> int:
    """Return the longest row of plain text: long enough to tell what is known, short enough to be measured often."""
    return min(MAX_LENGTH, 256)


def token_rows(rows: list[list[int]]) -> Dataset:
    """Return rows of tokens, all of them to be predicted."""
    kind = Features({"input_ids": List(Value("int64")), "labels": List(Value("int64"))})
    return Dataset.from_dict({"input_ids": rows, "labels": rows}, features=kind)
