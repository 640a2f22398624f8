"""The rows of a dry run: the longest of the real ones, or rows of the greatest length where there are none to read."""

from collections.abc import Callable
from typing import Any

from datasets import Dataset
from torch.utils._python_dispatch import _disable_current_modes

KEPT = 4
"""Batches of rows that are kept, so that a sampler that takes no text twice fills one."""
NAMES = {"label": ("one", "two"), "score": (0.1, 0.9)}
PACKED = "seq_lengths"
"""The column that says how long the texts are which a packed row is made of."""


def longest(rows: Dataset, batch: int) -> Dataset:
    """Return the rows with the most letters, longest first."""
    sizes = [sum(len(str(value)) for value in row.values()) for row in rows]
    order = sorted(range(len(rows)), key=lambda index: -sizes[index])
    return rows.select(order[: KEPT * batch + 8])


def made_up(columns: dict[str, str], batch: int, words: int) -> Dataset:
    """Return rows in which every text has so many words, the last of each row one fewer; no text is there twice."""

    def text(role: str, number: int) -> Any:
        if role in NAMES:
            return NAMES[role][number % 2]
        if role in ("tools",):
            return None
        asked = role in ("prompt", "instruction", "input", "anchor")
        return " ".join([f"{role}{number}", *["word"] * ((8 if asked and len(columns) > 1 else words) - 1)])

    if "messages" in columns:
        return Dataset.from_list([{columns["messages"]: talk(number, words)} for number in range(KEPT * batch + 8)])
    count = KEPT * batch + 8
    return Dataset.from_list([{name: text(role, n) for role, name in columns.items()} for n in range(count)])


def talk(number: int, words: int) -> list[dict[str, str]]:
    """Return a conversation of two turns."""
    answer = " ".join(["word"] * words)
    return [{"role": "user", "content": f"question {number}"}, {"role": "assistant", "content": answer}]


def stretched(rows: Dataset, length: int, batch: int, padded: bool) -> Dataset:
    """Return tokenised rows of the greatest length; with padding all but the first are one token shorter."""
    names = [
        name for name, feature in rows.features.items() if hasattr(feature, "feature") or hasattr(feature, "length")
    ]
    told = [name for name in names if rows[0][name] and isinstance(rows[0][name][0], int)]
    if not told:
        return rows

    def row(number: int) -> dict[str, Any]:
        first = dict(rows[number % len(rows)])
        size = length - (1 if padded and number else 0)
        for name, share in shares(told, size).items():
            first[name] = [size if name == PACKED else first[name][-1]] * share
        return first

    return Dataset.from_list([row(number) for number in range(max(batch, 1))])


def shares(names: list[str], length: int) -> dict[str, int]:
    """Return how long each list of tokens becomes: answers are what is left beside a prompt of eight tokens."""
    prompt = next((name for name in names if name.startswith("prompt")), None)
    answers = [name for name in names if name.startswith(("chosen", "rejected", "completion"))]
    if prompt is None or not answers:
        return {name: 1 if name == PACKED else length for name in names}
    given = min(8, length // 2)
    return {name: given if name.startswith("prompt") else length - given for name in names}


def by_length(rows: Dataset) -> Dataset:
    """Return tokenised rows, the longest first; rows of texts stay in their order."""
    names = [name for name, value in rows[0].items() if isinstance(value, list)]
    if not names:
        return rows
    sizes = [sum(len(row[name]) for name in names) for row in rows]
    return rows.select(sorted(range(len(rows)), key=lambda index: -sizes[index]))


def outside(act: Callable[[], Any]) -> Any:
    """Do something with real numbers, uncounted."""
    with _disable_current_modes():
        return act()
