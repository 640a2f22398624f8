"""A share of the rows is held out by their content alone."""

from datasets import Dataset

from engine.recipes.parts.data.row_place import TEST_FRACTION, places_of
from engine.recipes.parts.output import SMOKE_TEST


def split(rows: Dataset, _: str = "", __: str = "") -> tuple[Dataset, Dataset]:
    """Return training and test rows: rows that are added move none of the others, and equal rows stay together."""
    share = 0.25 if SMOKE_TEST else TEST_FRACTION  # few rows may have none below a small share
    held_out = [place < share for place in places_of(rows)]
    train = rows.select([number for number, is_test in enumerate(held_out) if not is_test])
    test = rows.select([number for number, is_test in enumerate(held_out) if is_test])
    return train, test
