"""What has changed since a run's newest checkpoint was saved: settings of its script, and the files of its rows."""

import ast
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.data.sources import find
from engine.problem import Problem
from engine.safe_files import open_regular, read, read_json

MANIFEST = 64 << 20
"""Bytes that a manifest may have: it names every file of the rows, which may be hundreds of thousands."""
SOURCES = ("TRAIN", "TEST", "KEEP")
"""The settings of a script that name files of rows."""


def changes(folder: Path) -> list[str]:
    """Return in words what is no longer as the newest checkpoint of a run knew it; nothing where there is none."""
    saved = [path for path in (folder / "output").glob("checkpoint-*") if path.name.split("-")[-1].isdigit()]
    for checkpoint in sorted(saved, key=lambda path: int(path.name.split("-")[-1]), reverse=True):
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            known = read_json(checkpoint / "manifest.json", MANIFEST)["made_from"]
            return [*_of_script(folder / "train.py", known), *_of_data(folder, known)]
    return []


def check_unchanged(folder: Path) -> None:
    """Raise a Problem (code `changed`) that names what has changed."""
    if found := changes(folder):
        what = f"changed since its newest checkpoint was saved: {'; '.join(found)}"
        advice = "undo it, or go on all the same with --force: the steps to come are then others than planned"
        raise Problem(what, where=folder.name, advice=advice, code="changed")


def _of_script(script: Path, known: Mapping[str, Any]) -> Iterator[str]:
    text = read(script)
    if hashlib.sha256(text).hexdigest() == known["script"]:
        return
    then, now = known["settings"], _settings(text)
    differing = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    told = ", ".join(f"{name} {then.get(name, 'not set')} -> {now.get(name, 'not set')}" for name in differing)
    yield f"train.py was edited ({told or 'not in its settings'})"


def _settings(script: bytes) -> dict[str, Any]:
    """Return the settings of a script as JSON would give them back; none of one that is no Python."""
    found: dict[str, Any] = {}
    with suppress(SyntaxError, ValueError, RecursionError):
        for line in ast.parse(script).body:
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.value is not None:
                found[line.target.id] = json.loads(json.dumps(ast.literal_eval(line.value)))
    return found


def _of_data(folder: Path, known: Mapping[str, Any]) -> Iterator[str]:
    for name, then in known["data"].items():
        try:
            now = (folder / name).stat()
        except OSError:
            yield f"{name} is gone"
            continue
        if now.st_size != then["size"]:
            yield f"{name} has {now.st_size:,} bytes and had {then['size']:,}"
        elif now.st_mtime_ns != then["mtime_ns"] and _digest(folder / name) != then["sha256"]:
            yield f"{name} has other rows in as many bytes"
    for source in (known["settings"].get(name) for name in SOURCES):
        if isinstance(source, str) and (folder / source).is_dir() and source:
            with suppress(Problem):
                files = (str(file) for file in find(str(folder / source)).files)
                yield from (f"{file} is new" for file in files if file not in known["data"])


def _digest(file: Path) -> str:
    opened: Any
    with open_regular(file, follow=True) as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
