"""Fewer rows where a script is only tried."""

from datasets import Dataset

from engine.recipes.parts.begin import SEED
from engine.recipes.parts.output import SMOKE_TEST


def few(rows: Dataset, count: int = 64) -> Dataset:
    """Return all rows, or for a smoke test a few from all over them."""
    return rows.shuffle(SEED).select(range(min(count, len(rows)))) if SMOKE_TEST else rows
