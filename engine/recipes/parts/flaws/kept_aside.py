"""Broken places of a file are left out and written down, each once however often the file is read."""

from engine.recipes.parts.dropped import set_aside

FLAWED: set[tuple[str, int]] = set()  # files and lines that are written down already


def flaw(file: str, line: int, what: str, text: str) -> None:
    """Write a broken place down with its file, its line and its fault."""
    if (file, line) not in FLAWED:
        FLAWED.add((file, line))
        set_aside("broken_row", file, line, {"fault": what, "text": text})
