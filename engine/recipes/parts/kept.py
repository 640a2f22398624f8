"""The keep set: rows on which nothing should be forgotten, some to hold the model with and some to measure it on."""

from datasets import Dataset
from transformers import PreTrainedModel

from engine.recipes.parts.begin import SEED
from engine.recipes.parts.replay.none import replayed

KEEP_ROWS: int = 128  # most rows of the keep set; a quarter of them is only measured


class KeepSet:
    """Tokenised rows, parted so that what is measured is never trained on."""

    held: Dataset
    measured: Dataset

    def part(self, rows: Dataset) -> None:
        """Take at most KEEP_ROWS rows, in an order that the seed decides, whatever the guard is."""
        if len(rows) < 2:
            raise ValueError(f"data.keep: {len(rows)} rows are too few to hold a model with and to measure it on")
        drawn = rows.shuffle(seed=SEED).select(range(min(KEEP_ROWS, len(rows))))
        measured = max(1, len(drawn) // 4)
        self.measured, self.held = drawn.select(range(measured)), drawn.select(range(measured, len(drawn)))

    def joined(
        self, _: PreTrainedModel, train: Dataset, tests: dict[str, Dataset]
    ) -> tuple[Dataset, dict[str, Dataset]]:
        """Return the rows to train on, and the test sets with what should be kept among them."""
        return replayed(train, self.held), {**tests, "keep": self.measured}
