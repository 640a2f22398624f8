"""Where the script writes, and whether it is only tried."""

import os
from pathlib import Path

SMOKE_TEST = os.environ.get("SMOKE_TEST") == "1"
OUTPUT = Path(__file__).resolve().parent / ("output-smoke" if SMOKE_TEST else "output")


def output() -> Path:
    """Return the folder for checkpoints, the model and the results."""
    return OUTPUT
