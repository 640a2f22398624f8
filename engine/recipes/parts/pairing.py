"""Pairs of a better and a worse answer to the same prompt, whatever the rows are made of."""

from collections.abc import Callable
from typing import Any

from datasets import Dataset

from engine.recipes.parts.data.left_out import left_out


def tells_apart(pair: dict[str, Any]) -> bool:
    """Return whether a pair has a prompt and two different answers of the assistant to it."""
    spoken = [turn["role"] for side in ("chosen", "rejected") for turn in (pair[side][0], pair[side][-1])]
    return bool(pair["prompt"]) and pair["chosen"] != pair["rejected"] and set(spoken) == {"assistant"}


def preferences(rows: Dataset, pairs_of: Callable[[dict[str, Any]], list[list[Any]]]) -> Dataset:
    """Return `prompt`, `chosen` and `rejected` as turns; pairs that tell nothing apart are left out and counted."""

    def take_apart(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        every = [dict(zip(batch, values, strict=True)) for values in zip(*batch.values(), strict=True)]
        pairs = [pair for row in every for pair in pairs_of(row)]
        return {name: [pair[place] for pair in pairs] for place, name in enumerate(("prompt", "chosen", "rejected"))}

    pairs = rows.map(take_apart, batched=True, remove_columns=rows.column_names, desc="pairing")
    useful = left_out(pairs, ["" if tells_apart(pair) else "equal_answers" for pair in pairs], "pairs", numbered=False)
    if not len(useful):
        raise ValueError(
            f"none of the {len(pairs)} pairs has a prompt and two different answers to it, so there is nothing to "
            "prefer: check which columns hold prompt, chosen and rejected"
        )
    return useful
