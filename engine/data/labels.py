"""Labels that say that a row has none: -1 among numbers from 0 on, and words such as N/A."""

from collections.abc import Iterable, Sequence
from typing import Any

from engine.data.facts import Suit
from engine.data.jsons import Row

WORDS = frozenset(
    {"nan", "null", "n/a", "<na>", "#n/a", "unlabeled", "unlabelled", "no label", "no_label", "not labeled"}
)
"""What no class is called."""
AMONG_NUMBERS = frozenset({"-1", "-100", "none", "na", "?"})
"""What no class is called where the others are counted from 0 on."""
GOALS = frozenset({"classify", "embed"})


def plain_label(value: Any) -> str:
    """Return a label as it is compared: 1 and 1.0 are the same, and so are None and none."""
    return str(value).strip().lower().removesuffix(".0")


def no_labels(suits: Iterable[Suit], rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the labels or scores of rows that plainly mean none."""
    found: dict[str, None] = {}
    for suit in suits:
        name = suit.columns.get("label", suit.columns.get("score"))
        if suit.goal in GOALS and name is not None and suit.convert == "none":
            values = {plain_label(row[name]): str(row[name]).strip() for row in rows if row.get(name) is not None}
            found |= dict.fromkeys(_marks(values, scores="score" in suit.columns))
    return tuple(found)


def _marks(values: dict[str, str], *, scores: bool) -> list[str]:
    """Return the marks among labels; a score of -1 may be real unless the scale goes beyond 1 and starts at 0."""
    odd = [label for label in values if label in WORDS | AMONG_NUMBERS]
    rest = [label for label in values if label and label not in odd]
    try:
        numbers = [float(label) for label in rest]
    except ValueError:
        return sorted(values[label] for label in odd if label in WORDS)
    if not scores and set(numbers) == {0.0, 1.0}:  # with -1: often three classes, negative, neutral and positive
        odd = [label for label in odd if label != "-1"]
    if len(numbers) < 2 or min(numbers) < 0 or (scores and max(numbers) <= 1):
        return sorted(values[label] for label in odd if label in WORDS)
    return sorted(values[label] for label in odd)
