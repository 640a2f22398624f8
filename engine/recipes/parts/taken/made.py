"""Rows are read as the run says, converted where it says so, and kept in the library's cache."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datasets import Dataset

from engine.recipes.parts.convert.none import converted
from engine.recipes.parts.files import files_of
from engine.recipes.parts.reader.library import load


def made(source: str, names: str, changed: str) -> Iterator[dict[str, Any]]:
    """Yield every row with all columns; `changed` tells a file from what it was before."""
    assert changed
    for row in converted(load(source)):
        yield {name: row.get(name) for name in names.split("\n")}


def source_rows(source: str) -> Dataset:
    """Return the rows of a source; the cache holds them, so that they need not fit in memory."""
    names = "\n".join(dict.fromkeys(name for row in converted(load(source)) for name in row))
    if not names:
        raise ValueError(f"{source} holds no row that can be learned: correct data.convert, or the rows")
    changed = str([source, *((file, Path(file).stat().st_mtime_ns) for file in files_of(source))])
    return Dataset.from_generator(made, gen_kwargs={"source": source, "names": names, "changed": changed})
