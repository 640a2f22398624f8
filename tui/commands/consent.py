"""Consent on the command line: `--trust`, and `--set` of the two fields that ask for code to be run."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from engine.code import KINDS, Kind
from engine.config import Run
from engine.consent import ConsentNeeded, agree, agreed
from engine.problem import Problem
from tui.commands.say import complain, warn

Result = TypeVar("Result")
FIELDS: dict[str, Kind] = {"objective.trust_reward_code": "reward", "model.trust_remote_code": "model"}
"""What is agreed to by who types `--set FIELD=true`; the same words in a file only ask."""


def given(settings: Sequence[str], trust: bool) -> set[Kind]:
    """Return which kinds of code the person agrees to with the words of a command."""
    if trust:
        return set(KINDS)
    said = (setting.partition("=") for setting in settings)
    return {FIELDS[name.strip()] for name, _, value in said if name.strip() in FIELDS and _is_yes(value)}


def _is_yes(value: str) -> bool:
    return value.strip().lower() in ("true", "yes", "on", "1")


def consenting(act: Callable[[], Result], settings: Sequence[str], trust: bool) -> Result:
    """Do something that may run code of others; what the person agreed to on the command line is remembered and done.

    Code that changes between the two tries is asked for again.
    """
    try:
        return act()
    except ConsentNeeded as needed:
        kinds = given(settings, trust)
        if any(code.kind not in kinds for code in needed.codes):
            raise
        for code in needed.codes:
            complain(f"agreed to {code.described}")
        agree(needed.codes)
        return act()


def warn_of_code(run: Run) -> None:
    """Say which code of others a script would execute where somebody runs it; here nothing is executed."""
    try:
        agreed(run)
    except ConsentNeeded as needed:
        warn(f"the script runs code that you have not agreed to: {'; '.join(code.described for code in needed.codes)}")
    except Problem as problem:
        warn(problem.sentence)
