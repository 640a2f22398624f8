"""A teacher before any weights are loaded: where it lies, and whether it reads text as its student does."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from engine import hub
from engine.model import ModelFacts, look
from engine.problem import Problem
from engine.typed_path import typed_path

WHERE = "objective.teacher"


def folder_of(name: str, revision: str) -> Path | None:
    """Return the folder of a teacher on this machine, None for one on the hub; a path to nowhere is a Problem."""
    folder = typed_path(name)
    if folder.is_dir():
        return folder
    if folder.is_file() or not hub.looks_like_id(name):
        advice = "give the folder of a model, or a hub id such as Qwen/Qwen2.5-7B-Instruct"
        raise Problem(f"there is no model {name}", where=WHERE, advice=advice, code="teacher")
    return hub.cached(name, revision)


def look_at(folder: Path) -> ModelFacts | None:
    """Return the facts of a teacher's folder, None for one that holds an adapter alone; raises a Problem."""
    if (folder / "adapter_config.json").is_file() and not (folder / "config.json").is_file():
        return None
    facts = look(str(folder))
    if facts.kind not in ("causal", "unknown"):
        what, advice = f"{folder.name} does not continue texts", "choose a causal language model"
        raise Problem(what, where=WHERE, advice=advice, code="teacher")
    return facts


def same_tokens(student: Path | None, teacher: Path | None) -> bool | None:
    """Say whether every token of the student is the same token to the teacher; None where a tokenizer is not here."""
    own, other = (_vocabulary(folder / "tokenizer.json") if folder else None for folder in (student, teacher))
    if own is None or other is None:
        return None
    return all(other.get(token) == number for token, number in own.items())


def _vocabulary(file: Path) -> dict[str, int] | None:
    try:
        return _read(file, file.stat().st_mtime_ns)
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, IndexError, AttributeError):
        return None  # an older kind of tokenizer, or a broken one: the run itself compares them and says so


@lru_cache(maxsize=4)
def _read(file: Path, _: int) -> dict[str, int]:
    content: dict[str, Any] = orjson.loads(file.read_bytes())
    vocabulary = content["model"]["vocab"]
    named = vocabulary if isinstance(vocabulary, dict) else {row[0]: place for place, row in enumerate(vocabulary)}
    return {**named, **{token["content"]: token["id"] for token in content.get("added_tokens") or ()}}
