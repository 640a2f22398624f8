"""A keep set of token rows beside the rows of a task."""

from datasets import Dataset
from transformers import PreTrainedModel

from engine.recipes.parts.kept import parted
from engine.recipes.parts.replay.none import replayed


class KeepSet:
    """Tokenised rows, parted so that what is measured is never trained on, whatever the guard is."""

    held: Dataset
    measured: Dataset

    def part(self, rows: Dataset) -> None:
        """Take rows to hold the model with, and rows to measure it on."""
        self.held, self.measured = parted(rows)

    def joined(
        self, _: PreTrainedModel, train: Dataset, tests: dict[str, Dataset]
    ) -> tuple[Dataset, dict[str, Dataset]]:
        """Return the rows to train on, and the test sets with what should be kept among them."""
        return replayed(train, self.held), {**tests, "keep": self.measured}
