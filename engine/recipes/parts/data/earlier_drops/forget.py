"""Rows that are left out are written down anew at every start."""

import os

from engine.recipes.parts.dropped import dropped_file


def begin_drops() -> None:
    """Begin anew: the same rows are left out again, and written down again, when a training goes on."""
    if os.environ.get("RANK", "0") == "0":
        dropped_file().unlink(missing_ok=True)
