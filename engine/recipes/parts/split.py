"""The test: a share of the rows that is held out and never trained on, the same rows whatever is added to them."""

import hashlib
import json
from collections import Counter, defaultdict

from datasets import Dataset
from tqdm import tqdm

from engine.recipes.parts.begin import SEED

TEST_FRACTION: float = 0.1  # share of the rows that is held out for the test


def place_of(text: str) -> float:
    """Return a number from 0 to 1 that nothing but the seed and a text decides."""
    return int.from_bytes(hashlib.sha256(f"{SEED} {text}".encode("utf-8", "surrogatepass")).digest()[:8]) / 2**64


def places_of(rows: Dataset) -> list[float]:
    """Return the place of every row by its whole content, so that equal rows are on one side."""
    found: list[float] = []
    with tqdm(total=len(rows), desc="holding out the test", unit="row") as done:
        for batch in rows.with_format("arrow").iter(batch_size=1000):
            found += [place_of(json.dumps(list(row.values()), default=str)) for row in batch.to_pylist()]
            done.update(len(batch))
    return found


def split(rows: Dataset, group: str = "", kind: str = "") -> tuple[Dataset, Dataset]:
    """Return training and test rows: each row is drawn by its content, or by its value of the column `group`.

    Where a row goes does not depend on other rows, so rows that are added move none of the old ones. Only a test that
    is expected to hold fewer than ten is filled up to its share instead, in the same order. Every value of the column
    `kind` that has two rows or groups gets its share of the test, and keeps some in the training.
    """
    places = [place_of(str(value)) for value in rows[group]] if group else places_of(rows)
    if not group and len(set(places)) == 1:  # rows that are all equal can't be told apart by what is in them
        places = [place_of(str(index)) for index in range(len(rows))]
    kinds = [str(value) for value in rows[kind]] if kind in rows.column_names else [""] * len(rows)
    sizes: dict[float, Counter[str]] = defaultdict(Counter)
    for place, value in zip(places, kinds, strict=True):
        sizes[place][value] += 1
    remaining, drawn = Counter(kinds), Counter(value for own in sizes.values() for value in own)
    below = Counter(value for place, value in zip(places, kinds, strict=True) if place < TEST_FRACTION)
    wanted = Counter(
        {
            value: max(1, below[value] if TEST_FRACTION * drawn[value] >= 10 else round(TEST_FRACTION * size))
            for value, size in remaining.items()
        }
    )
    held_out: set[float] = set()
    for place in sorted(sizes):
        own = sizes[place]
        if any(wanted[value] > 0 for value in own) and all(size < remaining[value] for value, size in own.items()):
            held_out.add(place)
            remaining.subtract(own)
            wanted.subtract(own)
    return (
        rows.select([index for index, place in enumerate(places) if place not in held_out]),
        rows.select([index for index, place in enumerate(places) if place in held_out]),
    )
