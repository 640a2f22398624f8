"""Several files in one field: `a.jsonl + b.jsonl` are the tasks of one training."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.document import resolve
from tui.words import place

BETWEEN = " + "
Given = str | Sequence[Mapping[str, Any]]


def written(given: Given) -> str:
    """Return what is learned from as it is typed: a path, or several with a plus between them."""
    return place(given) if isinstance(given, str) else BETWEEN.join(place(path) for path in files(given))


def meant(typed: str, known: Given = "") -> Given:
    """Return what was typed as a run holds it; tasks that are known already keep their columns and weights."""
    if BETWEEN not in typed or Path(typed).exists():
        return str(resolve({"data": {"train": typed}}, Path.cwd())["data"]["train"])
    tasks: list[dict[str, Any]] = [{"file": str(meant(part.strip()))} for part in typed.split(BETWEEN) if part.strip()]
    return known if files(known) == files(tasks) else tasks


def files(given: Given) -> list[str]:
    """Return the paths that are learned from."""
    return [given] if isinstance(given, str) else [str(task.get("file", "")) for task in given]
