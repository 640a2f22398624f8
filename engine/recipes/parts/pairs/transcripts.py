"""Rows with a chosen and a rejected conversation, whose common beginning is the prompt."""

from itertools import takewhile
from typing import Any

from datasets import Dataset

from engine.recipes.parts.common_turns import shared
from engine.recipes.parts.pairing import preferences
from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.spoken import as_turns


def pairs_of(row: dict[str, Any]) -> list[list[Any]]:
    """Return the turns that both conversations share and those that differ; texts without turns are cut at a word."""
    chosen, rejected = as_turns(row["chosen"], "user"), as_turns(row["rejected"], "user")
    if len(chosen) == len(rejected) == 1:
        texts = chosen[0]["content"], rejected[0]["content"]
        start = "".join(one for one, _ in takewhile(lambda signs: signs[0] == signs[1], zip(*texts, strict=False)))
        start = start[: max(start.rfind(" "), start.rfind("\n")) + 1]
        rest = [[{"role": "assistant", "content": text[len(start) :]}] for text in texts]
        return [[[{"role": "user", "content": start.strip()}] if start.strip() else [], *rest]]
    same = shared(chosen, rejected)
    return [[chosen[:same], chosen[same:], rejected[same:]]]


def read_pairs() -> tuple[Dataset, Dataset]:
    """Return the pairs to train on and those to test with."""
    train, test = read_rows()
    return preferences(train, pairs_of), preferences(test, pairs_of)
