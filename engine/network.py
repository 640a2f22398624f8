"""What goes over the network: nothing where model and rows lie on this machine, and never a report of usage."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine import adapters, hub
from engine.config import Run, plain
from engine.data.sources import is_local as is_file
from engine.document import DATA, FILES
from engine.model_code import models
from engine.problem import Problem

SILENT = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_UPDATE_DOWNLOAD_COUNTS": "0"}
"""The environment in which no library reports that it is used."""


def environment(*runs: Run) -> dict[str, str]:
    """Return the variables for a process that loads the libraries of runs; their scripts set the same by themselves."""
    return SILENT | ({"HF_HUB_OFFLINE": "1"} if all(map(is_offline, runs)) else {})


def is_offline(run: Run) -> bool:
    """Return whether everything that a run reads lies on this machine, so that the hub need not be asked at all."""
    return all(is_file(name) for name in _rows(run)) and all(_is_here(name) for name, _ in models(run))


def _is_here(name: str, depth: int = 0) -> bool:
    """Return whether a model's folder is on this disk, with the base of an adapter."""
    folder = Path(name).expanduser()
    if not folder.is_dir() or depth > 3:
        return False
    if not (folder / adapters.DESCRIPTION).is_file():
        return True
    try:
        base = hub.read_json(folder / adapters.DESCRIPTION).get("base_model_name_or_path")
    except Problem:
        return False
    return isinstance(base, str) and _is_here(base, depth + 1)


def _rows(run: Run) -> Iterator[str]:
    told = plain(run)["data"]
    for _, name in DATA:
        yield from _names(told.get(name))


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value:
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _names([part[name] for name in FILES] if isinstance(part, Mapping) else part)
