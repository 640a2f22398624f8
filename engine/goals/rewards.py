"""Who pays for answers: a reward model, a Python function of the user's, or a rule that comes with the program."""

from collections.abc import Mapping
from typing import Any

RULES = ("exact_match", "contains", "last_number")
"""Rules that come with the program: they hold an answer against the column in the role `answer`."""
BUILTIN = "builtin"


def check_reward(reward: Mapping[Any, str]) -> None:
    """Raise a ValueError in one sentence where a reward is not one model, one function or one rule."""
    if len(reward) != 1:
        raise ValueError("a reward is a model or a function, as in {function: reward.py:pay}")
    file, _, name = reward.get("function", "reward.py:pay").rpartition(":")
    if file == BUILTIN and name not in RULES:
        raise ValueError(f"there is no rule '{name}'; known: {', '.join(RULES)}")
    if file != BUILTIN and not (file.endswith(".py") and name.isidentifier()):
        raise ValueError("a reward function is a Python file and a name in it, as in reward.py:pay")


def payer(reward: Mapping[Any, str]) -> str:
    """Return the sibling of the group `reward` that pays."""
    file = reward.get("function", "").rpartition(":")[0]
    return "rule" if file == BUILTIN else "function" if file else "model"
