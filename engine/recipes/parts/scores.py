"""Rows of two texts and how similar they are."""

import math

from datasets import Dataset, Value

from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.text_columns import check_texts


def number(value: object) -> float:
    """Return a score as a number; anything else is refused."""
    try:
        score = float(str(value))
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise ValueError(f"the score {value!r} is no number: take a loss for classes, or correct data.columns")
    return score


def scored_rows() -> tuple[Dataset, Dataset]:
    """Return training and test rows with a number as their score; scores that are all equal are refused."""
    train, test = (
        rows.map(lambda row: {"score": number(row["score"])}).cast_column("score", Value("float32"))
        for rows in read_rows()
    )
    order = ["sentence1", "sentence2", "score"]
    rows = train.select_columns(order), test.select_columns(order)
    check_texts(rows, "sentence1", "sentence2")
    for side, name in zip(rows, ("training", "test"), strict=True):
        if len(set(side["score"])) == 1:
            raise ValueError(f"every {name} row has the score {side['score'][0]:g}: there is no order to be learned")
    return rows
