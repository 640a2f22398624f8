"""Rows with a prompt, a chosen and a rejected answer."""

from typing import Any

from datasets import Dataset

from engine.recipes.parts.common_turns import shared
from engine.recipes.parts.pairing import preferences
from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.spoken import as_turns


def pairs_of(row: dict[str, Any]) -> list[list[Any]]:
    """Return prompt, chosen and rejected; answers that repeat the whole conversation bring their own prompt."""
    chosen, rejected = as_turns(row["chosen"], "assistant"), as_turns(row["rejected"], "assistant")
    if chosen[0]["role"] == "assistant":
        return [[as_turns(row["prompt"], "user"), chosen, rejected]]
    same, asked = shared(chosen, rejected), as_turns(row["prompt"], "user")
    whole = asked if asked[-same:] == chosen[:same] else chosen[:same]  # a prompt may open with more, such as a system
    return [[whole, chosen[same:], rejected[same:]]]


def read_pairs() -> tuple[Dataset, Dataset]:
    """Return the pairs to train on and those to test with."""
    train, test = read_rows()
    return preferences(train, pairs_of), preferences(test, pairs_of)
