"""The test: a share of the rows that is held out and never trained on, the same rows whatever is added to them."""

import hashlib
import json

from datasets import Dataset

from engine.recipes.parts.begin import SEED

TEST_FRACTION: float = 0.1  # share of the rows that is held out for the test


def place_of(text: str) -> float:
    """Return a number from 0 to 1 that nothing but the seed and a text decides."""
    return int.from_bytes(hashlib.sha256(f"{SEED} {text}".encode("utf-8", "surrogatepass")).digest()[:8]) / 2**64


def places_of(rows: Dataset) -> list[float]:
    """Return the place of every row by its whole content, so that equal rows are on one side."""
    batches = rows.with_format("arrow").iter(batch_size=1000)
    return [place_of(json.dumps(list(row.values()), default=str)) for batch in batches for row in batch.to_pylist()]
