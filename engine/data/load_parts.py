"""Which parts of a script read the rows: one file of a known kind takes a line, anything else takes more."""

from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache

from engine.data.rows import CSV_SUFFIXES, JSON_SUFFIXES, TEXT_SUFFIXES
from engine.data.sources import find, is_hub_id, is_hub_part, suffix_of
from engine.problem import Problem
from engine.typed_path import typed_path

KINDS: dict[str, str] = (
    dict.fromkeys(JSON_SUFFIXES, "json")
    | dict.fromkeys(CSV_SUFFIXES, "tsv")
    | {".csv": "csv", ".parquet": "parquet", ".arrow": "arrow"}
    | dict.fromkeys(TEXT_SUFFIXES, "text")
)
"""The part under `data/load` that reads files with an ending."""
TEXTS = {"text": "documents", "general": "general"}
"""The part under `data/texts_in` that makes texts of the rows; of all other kinds a row is a text."""


def load_parts(sources: Iterable[str]) -> dict[str, str]:
    """Return the parts that read all sources of a run; where these differ it is the part that reads anything."""
    found = {_load_and_files(source, _changed(source)) for source in sources if source}
    loads, files = ({pair[place] for pair in found} for place in (0, 1))
    load = loads.pop() if len(loads) == 1 else "general"
    return {
        "data.load": load,
        "data.files": files.pop() if len(files) == 1 else "general",
        "data.texts_in": TEXTS.get(load, "table"),
    }


def _changed(source: str) -> int:
    with suppress(OSError, ValueError, Problem):
        return typed_path(source).stat().st_mtime_ns
    return 0


@lru_cache(maxsize=256)
def _load_and_files(source: str, changed: int) -> tuple[str, str]:
    """Return the parts for one source; `changed` lets a folder be looked at again."""
    assert changed >= 0
    try:
        path = typed_path(source)
    except Problem:
        return "general", "general"
    suffix = suffix_of(path)
    is_pattern = any(letter in source for letter in "*?[") and not path.exists()
    if path.is_file():
        return KINDS.get(suffix, "text"), "one"
    if is_hub_part(source) and not path.exists():
        return "hub_files", "hub"
    if path.is_dir() or is_pattern:
        kinds = _kinds(source)
        files = "pattern" if is_pattern else "folder" if kinds and "text" not in kinds else "general"
        return kinds.pop() if len(kinds) == 1 else "general", files
    if suffix in KINDS:
        return KINDS[suffix], "one"
    return ("hub", "hub") if is_hub_id(source) else ("general", "general")


def _kinds(source: str) -> set[str]:
    """Return the parts that read the files of a folder or a pattern."""
    try:
        return {KINDS.get(suffix_of(file), "text") for file in find(source).files}
    except (Problem, ValueError):
        return set()
