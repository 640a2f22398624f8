"""Rows of JSON, one a line; what is no row is refused."""

from collections.abc import Iterator
from typing import Any

from engine.recipes.parts.data.files.general import files_of
from engine.recipes.parts.flaws.refused import flaw
from engine.recipes.parts.json_value import json_value
from engine.recipes.parts.opened import opened
from engine.recipes.parts.row_of import as_row


def load(source: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of all files of a source; a line that is no JSON is a flaw."""
    for file in files_of(source):
        with opened(file, "\n") as stream:
            for number, line in enumerate(stream, 1):
                if not line.strip():
                    continue
                try:
                    value = json_value(line)
                except (ValueError, RecursionError) as error:
                    flaw(file, number, f"is not valid JSON: {error}", line)
                    continue
                yield as_row(value, f"{file}, line {number}")
