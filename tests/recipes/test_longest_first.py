"""On a card the longest rows come first, every row still comes once an epoch, and a resumed run goes on as it was."""

import random
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def test_every_row_comes_once_and_the_longest_in_the_first_two_steps() -> None:
    from engine.recipes.parts.training.row_order.longest_first import LongestFirst

    for seed, (rows, batch, accumulate) in enumerate([(50, 4, 1), (50, 4, 3), (7, 4, 2), (3, 8, 1)]):
        lengths = [random.Random(seed * 100 + row).randrange(5, 500) for row in range(rows)]
        order = LongestFirst(lengths, batch, accumulate, seed)
        first = list(order)
        assert sorted(first) == list(range(rows)) and first == list(order)
        told = [lengths[row] for row in first]
        assert sorted(told[:batch]) == sorted(lengths)[-batch:]
        second = (accumulate + (accumulate > 1)) * batch
        if rows >= second + batch:
            assert sorted(told[second : second + batch]) == sorted(lengths)[-2 * batch : -batch]
        order.set_epoch(1)
        assert sorted(order) == list(range(rows)) and (rows < 10 or list(order) != first)


def test_a_trainer_goes_on_in_the_same_order(tmp_path: Path) -> None:
    import torch
    from datasets import Dataset
    from transformers import Trainer, TrainingArguments

    from engine.recipes.parts.training.row_order.longest_first import set_row_order

    torch.set_num_threads(1)
    texts = [[row % 90 + 1] * (3 + row * 7 % 23) for row in range(40)]
    rows = Dataset.from_dict({"input_ids": texts, "labels": texts}).select(range(38))

    class Sum(torch.nn.Module):
        def __init__(self, seen: list[list[int]]) -> None:
            super().__init__()
            self.seen, self.weight = seen, torch.nn.Parameter(torch.zeros(1))

        def forward(self, input_ids: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
            if self.training:
                self.seen.append(labels.tolist())
            return {"loss": (self.weight * input_ids.float().mean()).sum()}

    def trained(steps: int, resume: str | None = None) -> list[list[int]]:
        seen: list[list[int]] = []
        told = TrainingArguments(
            str(tmp_path),
            per_device_train_batch_size=4,
            gradient_accumulation_steps=2,
            max_steps=steps,
            save_steps=3,
            use_cpu=True,
            report_to="none",
            disable_tqdm=True,
            seed=7,
        )

        def collate(batch: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
            return {
                "input_ids": torch.nn.utils.rnn.pad_sequence(
                    [torch.tensor(row["input_ids"]) for row in batch], batch_first=True
                ),
                "labels": torch.tensor([[row["input_ids"][0], len(row["input_ids"])] for row in batch]),
            }

        trainer = Trainer(Sum(seen), told, data_collator=collate, train_dataset=rows)
        set_row_order(trainer)
        trainer.train(resume_from_checkpoint=resume)
        return seen

    whole = trained(8)
    assert trained(8, str(tmp_path / "checkpoint-3")) == whole[6:]  # within the first epoch, whose order was changed
    lengths = sorted((3 + row * 7 % 23 for row in range(38)), reverse=True)
    assert sorted((length for _, length in whole[0]), reverse=True) == lengths[:4]
    assert sorted((length for _, length in whole[3]), reverse=True) == lengths[4:8]
