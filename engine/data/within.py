"""Some files of a folder or of a hub data set, under one name."""

from collections.abc import Mapping
from glob import escape
from typing import Any

from engine.typed_path import typed_path


def within(source: str, part: str) -> str:
    """Return what stands for the files of a folder, or of a hub data set, that match a pattern; all without one."""
    if not part:
        return source
    return f"{escape(source) if typed_path(source).is_dir() else source}/{part}"


def source_of(data: Mapping[str, Any]) -> Any:
    """Return what the rows of a run's section `data` are read from: a name, some of its files, or several tasks."""
    train = data["train"]
    return within(train, str(data.get("files") or "")) if isinstance(train, str) else train
