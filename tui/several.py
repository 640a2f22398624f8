"""Several files in one field: `a.jsonl + b.jsonl` are the tasks of one training, `a * 2 + b` weighs them."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.document import resolve
from engine.typed_path import typed_path
from tui.words import place

BETWEEN = " + "
WEIGHT = re.compile(r" \* (\d+(?:\.\d+)?)$")
Given = str | Sequence[Mapping[str, Any]]


def written(given: Given) -> str:
    """Return what is learned from as it is typed: a path, or several with a plus between them and their weights."""
    if isinstance(given, str):
        return place(given)
    weights = [float(task.get("weight") or 0) for task in given]
    marks = [f" * {weight:g}" if weight else "" for weight in weights]
    return BETWEEN.join(f"{place(path)}{mark}" for path, mark in zip(files(given), marks, strict=True))


def meant(typed: str, known: Given = "") -> Given:
    """Return what was typed as a run holds it; tasks that are known already keep their columns."""
    if BETWEEN not in typed or typed_path(typed).exists():
        return str(resolve({"data": {"train": typed}}, Path.cwd())["data"]["train"])
    tasks = [_task(part.strip()) for part in typed.split(BETWEEN) if part.strip()]
    if any("weight" in task for task in tasks):
        tasks = [{"weight": 1.0, **task} for task in tasks]
    if isinstance(known, str) or files(known) != files(tasks):
        return tasks
    return [
        {**{name: old[name] for name in old if name != "weight"}, **new} for old, new in zip(known, tasks, strict=True)
    ]


def _task(typed: str) -> dict[str, Any]:
    """Return one file and, where one was typed, its weight."""
    found = None if typed_path(typed).exists() else WEIGHT.search(typed)
    weight = {"weight": float(found[1])} if found else {}
    return {"file": str(meant(typed[: found.start()].strip() if found else typed)), **weight}


def files(given: Given) -> list[str]:
    """Return the paths that are learned from."""
    return [given] if isinstance(given, str) else [str(task.get("file", "")) for task in given]
