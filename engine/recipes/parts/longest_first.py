"""On a card the longest rows come first: a run that can't fit fails in its first seconds, not in its third hour."""

from collections.abc import Iterator

import torch
from datasets import Dataset
from torch.utils.data import Sampler
from transformers import Trainer

from engine.recipes.parts.resuming import take_up, train_on


def row_lengths(rows: Dataset) -> list[int]:
    """Return the tokens of every row, summed over its lists; none where the rows are not tokenised."""
    table = rows.with_format("arrow")[:]
    sizes = [
        [size or 0 for chunk in column.chunks for size in chunk.value_lengths().to_pylist()]
        for column in table.columns
        if column.num_chunks and hasattr(column.chunk(0), "value_lengths")
    ]
    return [sum(row) for row in zip(*sizes, strict=True)]


class LongestFirst(Sampler[int]):
    """A random order that seed and epoch decide; the first two steps each begin with the longest rows.

    Two steps, since the optimizer's states are made at the end of the first; where batches are added up, the second
    one holds gradients beside its second batch, so that is where the rows come then.
    """

    def __init__(self, lengths: list[int], batch: int, accumulate: int, seed: int) -> None:
        """Order rows of these lengths."""
        self.lengths, self.batch, self.seed = lengths, batch, seed
        self.places = (0, accumulate + (accumulate > 1))
        self.epoch = 0

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.lengths)

    def set_epoch(self, epoch: int) -> None:
        """Order anew for this epoch; the loader tells."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        """Yield all rows."""
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        order: list[int] = torch.randperm(len(self.lengths), generator=generator).tolist()
        return iter(order if self.epoch else self.moved(order))

    def moved(self, order: list[int]) -> list[int]:
        """Return the order with the longest rows where the first two steps need the most."""
        longest = sorted(order, key=lambda row: -self.lengths[row])[: 2 * self.batch]
        taken = set(longest)
        rest = [row for row in order if row not in taken]
        for number, place in enumerate(self.places):
            begin = place * self.batch
            rest[begin:begin] = longest[number * self.batch : (number + 1) * self.batch]
        return rest


def put_longest_first(trainer: Trainer) -> None:
    """Give the trainer this order, where its rows tell how long they are."""
    rows, told = trainer.train_dataset, trainer.args
    if isinstance(rows, Dataset) and (lengths := row_lengths(rows)):
        order = LongestFirst(lengths, told.train_batch_size, told.gradient_accumulation_steps, told.seed)
        trainer._get_train_sampler = lambda *_: order


def train_longest_first(trainer: Trainer) -> None:
    """Train, from the newest whole checkpoint on if there is one; a processor needs no such order."""
    if trainer.args.device.type == "cuda":
        put_longest_first(trainer)
    train_on(trainer, take_up(trainer))
