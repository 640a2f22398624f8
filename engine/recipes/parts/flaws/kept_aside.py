"""Broken places of a file are left out and written down, each once however often the file is read."""

from functools import cache

from engine.recipes.parts.dropped import set_aside


@cache
def flaw(file: str, line: int, what: str, text: str) -> None:
    """Write a broken place down with its file, its line and its fault."""
    set_aside("broken_row", file, line, {"fault": what, "text": text})
