"""On a card the longest rows come first: a run that can't fit fails in its first seconds, not in its third hour."""

from collections.abc import Iterator

import torch
from datasets import Dataset
from torch.utils.data import Sampler
from transformers import Trainer


class LongestFirst(Sampler[int]):
    """A random order, anew in every epoch, in which the longest rows come first of all: what fits then fits later.

    They fill a batch of the first step and one of the second, which needs more: the optimizer's states are there by
    then, and gradients too, from the second batch of a step on.
    """

    def __init__(self, lengths: list[int], batch: int, accumulate: int, seed: int) -> None:
        """Order rows of these lengths."""
        self.lengths, self.batch, self.seed, self.epoch = lengths, batch, seed, 0
        self.second = batch * (accumulate + (accumulate > 1))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.lengths)

    def set_epoch(self, epoch: int) -> None:
        """Order anew for this epoch; the trainer tells it."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        """Yield the places of all rows."""
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        order: list[int] = torch.randperm(len(self.lengths), generator=generator).tolist()
        if self.epoch == 0:
            by_length = sorted(order, key=lambda row: -self.lengths[row])
            first, next_longest = by_length[: self.batch], by_length[self.batch : 2 * self.batch]
            moved = {*first, *next_longest}
            order = first + [row for row in order if row not in moved]
            order[self.second : self.second] = next_longest
        return iter(order)


def row_lengths(rows: Dataset) -> list[int]:
    """Return the tokens of every row, summed over its lists; none where the rows are not tokenised."""
    table = rows.with_format("arrow")[:]
    sizes = [
        [size or 0 for chunk in column.chunks for size in chunk.value_lengths().to_pylist()]
        for column in table.columns
        if column.num_chunks and hasattr(column.chunk(0), "value_lengths")
    ]
    return [sum(row) for row in zip(*sizes, strict=True)]


def set_row_order(trainer: Trainer) -> None:
    """Put the longest rows first, where the rows tell how long they are."""
    rows, args = trainer.train_dataset, trainer.args
    if isinstance(rows, Dataset) and (lengths := row_lengths(rows)):
        order = LongestFirst(lengths, args.train_batch_size, args.gradient_accumulation_steps, args.seed)
        trainer._get_train_sampler = lambda *_: order
