"""In which settings runs differ: what stands beside curves that are compared."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from engine import run_folder
from engine.command import described as command_of
from engine.problem import Problem

SILENT = ("output.name",)
"""Settings that always differ and say nothing."""


def differences(folders: Sequence[Path]) -> dict[str, list[str]]:
    """Return every setting that is not the same in all runs, with its value in each; empty where a run has none."""
    told = [settings(folder) for folder in folders]
    names = dict.fromkeys(name for each in told for name in each if name not in SILENT)
    found = {name: [each.get(name, "") for each in told] for name in names}
    return {name: values for name, values in found.items() if len(set(values)) > 1}


def settings(folder: Path) -> dict[str, str]:
    """Return all settings of a run by their full names, as text; of a command its words."""
    from engine.config import plain

    try:
        return dict(_flat("", plain(run_folder.load(folder))))
    except Problem:
        words = command_of(folder)
        return {"command": " ".join(words)} if words else {}


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}".lstrip("."), inner)
    else:
        yield name, "" if value is None else str(value)
