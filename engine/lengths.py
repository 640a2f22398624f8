"""From characters to tokens: how long the texts are that a model will read, as far as a look at the data tells."""

from collections.abc import Iterable
from dataclasses import replace

from engine.data.facts import DataFacts, Lengths

DENSE = 3.0
"""Characters per token of the densest usual text: with it a length is rather over- than underestimated."""
USUAL = 3.8
"""Characters per token of usual text, for means."""
MARKS = 8
"""Tokens that mark the beginning and end of a text."""


def dense_tokens(letters: float) -> int:
    """Return tokens for memory and limits: rather too many than too few."""
    return int(letters / DENSE) + MARKS


def usual_tokens(letters: float) -> float:
    """Return tokens for means: neither too many nor too few."""
    return letters / USUAL + MARKS


def per_text(data: DataFacts, columns: Iterable[str]) -> Lengths:
    """Return the lengths of the longest of the columns, where each is a text of its own.

    The look at the data tells quantiles of whole rows; a column gets its share of them by its mean.
    """
    found = [column for column in data.columns if column.name in set(columns)]
    whole = sum(column.mean for column in found)
    if not whole:
        return data.lengths
    share = max(column.mean for column in found) / whole
    rows = data.lengths
    scaled = {name: int(getattr(rows, name) * share) for name in ("median", "p95", "p99")}
    return replace(rows, mean=rows.mean * share, longest=max(column.longest for column in found), **scaled)


def longest_texts(data: DataFacts, columns: Iterable[str]) -> list[int]:
    """Return the tokens of the longest text of each column; of the whole row where no column is known."""
    wanted = set(columns)
    found = [dense_tokens(column.longest) for column in data.columns if column.name in wanted]
    return found or [dense_tokens(data.lengths.longest)]


def share_longer(lengths: Lengths, tokens: int) -> float:
    """Return the largest share of texts that may be longer than so many tokens: 0, 0.01, 0.05, 0.5 or 1."""
    letters = tokens * USUAL
    known = ((lengths.longest, 0.0), (lengths.p99, 0.01), (lengths.p95, 0.05), (lengths.median, 0.5))
    return next((share for length, share in known if letters >= length), 1.0)
