"""The ending of a file of rows."""

from pathlib import Path


def ending(file: str) -> str:
    """Return the ending that names the format, without .gz or .zst."""
    return next((suffix for suffix in reversed(Path(file.lower()).suffixes) if suffix not in (".gz", ".zst")), "")
