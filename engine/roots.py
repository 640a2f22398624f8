"""Where runs lie; a room of its own, since the first picture waits for nothing else of them."""

import os
from pathlib import Path


def root(given: Path | None = None) -> Path:
    """Return the folder of runs: the given one, TUNEWRIGHT_RUNS, or runs below the working directory."""
    return (given or Path(os.environ.get("TUNEWRIGHT_RUNS") or "runs")).expanduser().absolute()
