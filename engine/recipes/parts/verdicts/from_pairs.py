"""Pairs as judged answers: the chosen one is good, the rejected one bad."""

from typing import Any

from datasets import Dataset

from engine.recipes.parts.pairs.given import read_pairs


def taken_apart(pairs: Dataset) -> Dataset:
    """Return two rows for every pair."""

    def sides(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        every = list(zip(batch["prompt"], batch["chosen"], batch["rejected"], strict=True))
        return {
            "prompt": [prompt for prompt, *_ in every for _ in range(2)],
            "completion": [answer for _, *answers in every for answer in answers],
            "label": [True, False] * len(every),
        }

    return pairs.map(sides, batched=True, remove_columns=pairs.column_names)


def read_verdicts() -> tuple[Dataset, Dataset]:
    """Return the judged answers to train on and those to test with; both sides of a pair are in the same."""
    train, test = read_pairs()
    return taken_apart(train), taken_apart(test)
