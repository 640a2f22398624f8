"""The test: a share of the rows that is held out and never trained on."""

import random
from collections import Counter, defaultdict

from datasets import Dataset

from engine.recipes.parts.begin import SEED

TEST_FRACTION: float = 0.1  # share of the rows that is held out for the test


def split(rows: Dataset, group: str = "", kind: str = "") -> tuple[Dataset, Dataset]:
    """Return training and test rows; equal values of the column `group`, or single rows, are drawn at random.

    Every value of the column `kind` that has two rows or groups gets its share of the test, and keeps some in the
    training.
    """
    keys = [str(value) for value in rows[group]] if group else [str(index) for index in range(len(rows))]
    kinds = [str(value) for value in rows[kind]] if kind in rows.column_names else [""] * len(rows)
    sizes: dict[str, Counter[str]] = defaultdict(Counter)
    for key, value in zip(keys, kinds, strict=True):
        sizes[key][value] += 1
    remaining = Counter(kinds)
    wanted = Counter({value: max(1, round(TEST_FRACTION * size)) for value, size in remaining.items()})
    drawn = sorted(sizes)
    random.Random(SEED).shuffle(drawn)
    held_out: set[str] = set()
    for key in reversed(drawn):
        own = sizes[key]
        if any(wanted[value] > 0 for value in own) and all(size < remaining[value] for value, size in own.items()):
            held_out.add(key)
            remaining.subtract(own)
            wanted.subtract(own)
    return (
        rows.select([index for index, key in enumerate(keys) if key not in held_out]),
        rows.select([index for index, key in enumerate(keys) if key in held_out]),
    )
