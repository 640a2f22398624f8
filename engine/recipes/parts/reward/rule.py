"""A simple rule as the reward: an answer is held against the right one, which stands in the rows."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from engine.recipes.parts.questions import Question

REWARD: dict[str, str] = {"function": "builtin:exact_match"}  # exact_match, contains or last_number


def plain(text: Any) -> str:
    """Return a text in lower case with single blanks, without the signs at its end."""
    return " ".join(str(text).lower().split()).rstrip(".!?")


def last_number(text: Any) -> float | None:
    """Return the last number of a text (`#### 1,234` is 1234), None if it has none."""
    found = re.findall(r"-?\d[\d,]*(?:\.\d+)?", str(text))
    return float(found[-1].replace(",", "")) if found else None


def is_right(answer: str, right: Any) -> bool:
    """Return whether an answer is right by the rule."""
    rule = REWARD["function"].rpartition(":")[2]
    if rule == "last_number":
        return last_number(answer) is not None and last_number(answer) == last_number(right)
    return plain(right) in plain(answer) if rule == "contains" else plain(right) == plain(answer)


def check_reward(asked: Sequence[Question]) -> None:
    """Refuse rows that do not say what is right, before any weights are loaded."""
    if any(one.columns.get("answer") is None for one in asked):
        raise ValueError(
            f"the rule {REWARD['function']} wants the right answer of every row: name its column in data.columns, as "
            "in {prompt: question, answer: solution}"
        )


def load_reward() -> Callable[[Sequence[Question], Sequence[str]], list[float]]:
    """Return what pays for answers: 1 for a right one, 0 for any other."""
    return lambda asked, answers: [
        float(is_right(answer, one.columns["answer"])) for one, answer in zip(asked, answers, strict=True)
    ]
