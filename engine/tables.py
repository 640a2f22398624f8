"""The tables under presets/: rules and texts that a person can read and extend without touching code."""

from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "presets"


@cache
def table(name: str) -> Any:
    """Return the plain values of presets/NAME.yaml; it is read once, and nobody may change what it returns."""
    from ruamel.yaml import YAML

    return YAML(typ="safe").load(FOLDER / f"{name}.yaml")
