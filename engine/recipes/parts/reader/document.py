"""Rows inside one JSON document."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from engine.recipes.parts.data.files.general import files_of
from engine.recipes.parts.json_value import json_value
from engine.recipes.parts.opened import opened
from engine.recipes.parts.row_of import as_row

LAYOUT: str = "rows"  # where the rows lie: rows, wrapped, keyed, splits, lists, columns or object


def laid_out(document: Any) -> list[Any]:
    """Return the rows of a document: its list, the lists of its fields, its values, or its columns side by side."""
    if LAYOUT in ("rows", "lists"):
        return list(document)
    if LAYOUT in ("wrapped", "splits"):
        return list(chain.from_iterable(value for value in document.values() if isinstance(value, list)))
    if LAYOUT == "keyed":
        return list(document.values())
    if LAYOUT == "columns":
        return [dict(zip(document, cells, strict=True)) for cells in zip(*document.values(), strict=True)]
    return [document]


def load(source: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of all files of a source; rows that are lists get columns with numbers."""
    for file in files_of(source):
        with opened(file) as stream:
            text = stream.read()
        for value in laid_out(json_value(text.removeprefix("\ufeff"))):
            yield as_row(value, file)
