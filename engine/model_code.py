"""The Python files that come with models: what `trust_remote_code` lets transformers execute."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine import adapters, hub
from engine.beside import others
from engine.code import Code, CodeFile
from engine.config import Run
from engine.goals.distill import DistillRun
from engine.local_imports import read_code
from engine.problem import Problem

NAMING = (
    "config.json",
    "tokenizer_config.json",
    "processor_config.json",
    "preprocessor_config.json",
    "generation_config.json",
    "modules.json",
)
"""Files of a model that can name a class in a Python file, in its folder or in a folder below."""
ELSEWHERE = re.compile(r"(\S+?)--[\w./]+\.\w+")
MOST_FILES = 500


def models(run: Run) -> list[tuple[str, str]]:
    """Return name and revision of every model that a run loads, its own first."""
    beside = run.objective.teacher_revision if isinstance(run, DistillRun) else "main"
    return [(run.model.id, run.model.revision), *((name, beside) for name in others(run))]


def model_code(run: Run) -> list[Code]:
    """Return the Python files that the models of a run would execute here, none where the run does not ask for it."""
    if not run.model.trust_remote_code:
        return []
    found: dict[str, Code] = {}
    waiting, seen = models(run), set()
    while waiting:
        name, revision = waiting.pop(0)
        if (name, revision) not in seen:
            seen.add((name, revision))
            code, further = _look(name, revision)
            waiting += further
            if code is not None:
                found[code.path] = code
    return list(found.values())


def _look(name: str, revision: str) -> tuple[Code | None, list[tuple[str, str]]]:
    """Return the code of one model, and the models that it names itself: an adapter's base, code in another place."""
    folder = Path(name).expanduser()
    here = folder.is_dir()
    place = str(folder.resolve()) if here else f"{name}@{revision}"
    inside = folder if here else hub.cached(name, revision) or _without_config(name, revision)
    if inside is None:
        return (Code("model", place, ()) if hub.looks_like_id(name) else None), []
    files = tuple(_files(inside))
    return (Code("model", place, files) if files else None), list(_named(inside))


def _without_config(name: str, revision: str) -> Path | None:
    """Return where an adapter, or a repository that holds code alone, lies in the local cache."""
    home = hub.cache() / f"models--{name.replace('/', '--')}"
    reference = home / "refs" / revision
    commit = reference.read_text("utf-8").strip() if reference.is_file() else revision
    return home / "snapshots" / commit if (home / "snapshots" / commit).is_dir() else None


def _files(folder: Path) -> Iterator[CodeFile]:
    """Yield every Python file of a folder; a link is read as what it leads to, since that is what would run."""
    paths = [path for path in sorted(folder.rglob("*.py")) if path.is_file()]
    if len(paths) > MOST_FILES:
        what = f"the model brings {len(paths):,} Python files, too many to agree to"
        raise Problem(what, where=str(folder), advice="keep only those that its config.json names", code="consent")
    for path in paths:
        yield CodeFile(path.relative_to(folder).as_posix(), read_code(path))


def _named(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield name and revision of the models in whose places further code lies."""
    description = folder / adapters.DESCRIPTION
    if description.is_file():
        told = hub.read_json(description)
        base = told.get("base_model_name_or_path")
        if isinstance(base, str) and base:
            yield base, str(told.get("revision") or "main")
    for pattern in NAMING:
        for path in sorted([*folder.glob(pattern), *folder.glob(f"*/{pattern}")]):
            yield from ((place, "main") for place in _other_places(_json(path)))


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None  # whoever reads the model says what is wrong with it


def _other_places(told: Any) -> Iterator[str]:
    """Yield the places before `--` in class names such as `owner/name--modeling.Model`, wherever they stand."""
    waiting = [told]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str) and (match := ELSEWHERE.fullmatch(value)):
            yield match[1]
