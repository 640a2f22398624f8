"""Rows of the keep set are mixed in, so that the old is trained beside the new (rehearsal, Robins 1995)."""

import random

from datasets import Dataset, concatenate_datasets

from engine.recipes.parts.begin import SEED

SHARE: float = 0.2  # share of the training rows that come from the keep set


def replayed(train: Dataset, held: Dataset) -> Dataset:
    """Return the training rows and as many of `held` as make up the share, gone through again where they are few."""
    wanted = round(len(train) * SHARE / (1 - SHARE))
    order = list(range(len(held)))
    random.Random(SEED).shuffle(order)
    again = held.select([order[place % len(order)] for place in range(wanted)])
    return concatenate_datasets([train, again.select_columns(train.column_names).cast(train.features)])
