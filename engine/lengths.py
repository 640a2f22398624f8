"""From characters to tokens: how long the texts are that a model will read, as far as a look at the data tells."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.data.facts import DataFacts, Lengths
from engine.tables import table

DENSE = 3.0
"""Characters per token of the densest usual text: with it a length is rather over- than underestimated."""
USUAL = 3.8
"""Characters per token of usual text, for means."""
MARKS = 8
"""Tokens that mark the beginning and end of a text."""

Texts = Sequence[Sequence[str]]
"""The columns of every text that the model reads of one row; an empty one stands for the whole row."""


def dense_tokens(letters: float) -> int:
    """Return tokens for memory and limits: rather too many than too few."""
    return int(letters / DENSE) + MARKS


def usual_tokens(letters: float) -> float:
    """Return tokens for means: neither too many nor too few."""
    return letters / USUAL + MARKS


def texts(goal: str, columns: Mapping[str, str]) -> Texts:
    """Return the columns of each text that a goal reads of a row; a goal that is not in the table reads it whole."""
    rules = table("guide")["reads"]
    roles = [role for role in columns if role not in rules["not_read"]]
    wanted = rules["together"].get(goal)
    if wanted is None:
        return [[]]
    groups = [[role] for role in roles] if wanted == "each" else [group for group in wanted if group[-1] in columns]
    return [[columns[role] for role in group if role in columns] for group in groups] or [[]]


def per_text(data: DataFacts, groups: Texts) -> Lengths:
    """Return the lengths of the longest of the texts of a row.

    The look at the data tells quantiles of whole rows; a text gets its share of them by the means of its columns.
    """
    columns = {column.name: column for column in data.columns}
    found = [[columns[name] for name in group if name in columns] for group in groups]
    whole = sum({column.name: column.mean for group in found for column in group}.values())
    if not whole:
        return data.lengths
    share = max(sum(column.mean for column in group) for group in found) / whole
    rows = data.lengths
    scaled = {name: int(getattr(rows, name) * share) for name in ("median", "p95", "p99")}
    return replace(rows, mean=rows.mean * share, longest=max(_longest(data, group) for group in groups), **scaled)


def longest_texts(data: DataFacts, groups: Texts) -> list[int]:
    """Return the tokens of the longest text of each group of columns; of the whole row where no column is known."""
    return [dense_tokens(_longest(data, group)) for group in groups]


def mean_texts(data: DataFacts, groups: Texts) -> list[float]:
    """Return the mean tokens of each text of a row."""
    columns = {column.name: column.mean for column in data.columns}
    means = [sum(columns.get(name, 0.0) for name in group) for group in groups]
    return [usual_tokens(mean or data.lengths.mean) for mean in means]


def _longest(data: DataFacts, group: Sequence[str]) -> int:
    found = [column.longest for column in data.columns if column.name in set(group)]
    return min(sum(found), max(data.lengths.longest, *found)) if found else data.lengths.longest


def share_longer(lengths: Lengths, tokens: int) -> float:
    """Return the largest share of texts that may be longer than so many tokens: 0, 0.01, 0.05, 0.5 or 1."""
    letters = tokens * USUAL
    known = ((lengths.longest, 0.0), (lengths.p99, 0.01), (lengths.p95, 0.05), (lengths.median, 0.5))
    return next((share for length, share in known if letters >= length), 1.0)
