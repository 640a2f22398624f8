"""Presets: small YAML files under presets/, each a goal, a model, a method, a few settings and one sentence why."""

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.problem import Problem, nearest
from engine.tables import FOLDER, table


@dataclass(frozen=True, slots=True)
class Preset:
    """A run in its sparse form, without data: `values` are answers for the guide, which fills in the rest."""

    name: str
    title: str
    why: str
    values: dict[str, Any]


def presets() -> list[Preset]:
    """Return all presets in the order of the numbers with which their files begin."""
    return [_read(file) for file in sorted(FOLDER.glob("[0-9]*-*.yaml"))]


def preset(name: str) -> Preset:
    """Return the preset of that name; a Problem names the nearest one."""
    known = {preset.name: preset for preset in presets()}
    if name not in known:
        raise Problem(f"there is no preset '{name}'", advice=nearest(name, known), code="preset")
    return known[name]


def _read(file: Path) -> Preset:
    content = table(file.stem)
    return Preset(file.stem.partition("-")[2], content["title"], content["why"], deepcopy(content["run"]))
