"""The tables under presets/: rules and texts that a person can read and extend without touching code."""

from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "presets"
GOALS = ("sft", "embed", "classify", "pretrain", "prefer", "reward", "reinforce", "distill", "baseline")
"""Every goal, in the order of the wizard."""


@cache
def table(name: str) -> Any:
    """Return the plain values of presets/NAME.yaml; it is read once, and nobody may change what it returns.

    The guide's table holds every goal of presets/goals; a goal's own `why` and `warnings` stand with the others.
    """
    values = _read(FOLDER / f"{name}.yaml")
    if name == "guide":
        values["goals"] = {goal: _read(FOLDER / "goals" / f"{goal}.yaml") for goal in GOALS}
        for rules in values["goals"].values():
            for texts in ("why", "warnings"):
                values[texts] = values[texts] | rules.pop(texts, {})
    return values


def _read(file: Path) -> Any:
    from ruamel.yaml import YAML

    return YAML(typ="safe").load(file)
