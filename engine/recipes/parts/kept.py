"""The keep set: rows on which nothing should be forgotten, some to hold the model with and some to measure it on."""

from datasets import Dataset

from engine.recipes.parts.begin import SEED

KEEP_ROWS: int = 128  # most rows of the keep set; a quarter of them is only measured


def parted(rows: Dataset) -> tuple[Dataset, Dataset]:
    """Return rows to hold the model with and rows to measure it on: at most KEEP_ROWS in all, drawn by the seed."""
    if len(rows) < 2:
        raise ValueError(f"data.keep: {len(rows)} rows are too few to hold a model with and to measure it on")
    drawn = rows.shuffle(seed=SEED).select(range(min(KEEP_ROWS, len(rows))))
    measured = max(1, len(drawn) // 4)
    return drawn.select(range(measured, len(drawn))), drawn.select(range(measured))
