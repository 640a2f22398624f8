"""Solved examples for the prompt, drawn from the training rows."""

import random
from collections import Counter

from datasets import Dataset

from engine.recipes.parts.begin import SEED

SHOTS: int = 0  # solved examples that are put before every question; 0: none


def examples(rows: Dataset, labels: list[int] | None = None) -> Dataset:
    """Return `SHOTS` rows drawn at random; of rows with labels, one of every class before a second of any."""
    if len(rows) < SHOTS:
        raise ValueError(f"{SHOTS} examples are asked for, of {len(rows)} training rows: lower objective.shots")
    order = list(range(len(rows)))
    random.Random(SEED).shuffle(order)
    if labels is not None:
        seen: Counter[int] = Counter()
        turn = {}
        for place in order:
            turn[place] = seen[labels[place]]
            seen[labels[place]] += 1
        order.sort(key=turn.__getitem__)
    return rows.select(order[:SHOTS])
