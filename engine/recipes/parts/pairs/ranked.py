"""Rows with a prompt and several answers, the best first."""

import itertools
from typing import Any

from datasets import Dataset

from engine.recipes.parts.pairing import preferences
from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.spoken import as_turns

RANKED_PAIRS: str = "all"  # every better answer against every worse one (all), or against the next one (adjacent)


def pairs_of(row: dict[str, Any]) -> list[list[Any]]:
    """Return the pairs of one ranking."""
    prompt, answers = as_turns(row["prompt"], "user"), [as_turns(text, "assistant") for text in row["ranked"]]
    pairs = itertools.combinations(answers, 2) if RANKED_PAIRS == "all" else itertools.pairwise(answers)
    return [[prompt, better, worse] for better, worse in pairs]


def read_pairs() -> tuple[Dataset, Dataset]:
    """Return the pairs to train on and those to test with; the answers to one prompt are never in both."""
    train, test = read_rows()
    return preferences(train, pairs_of), preferences(test, pairs_of)
