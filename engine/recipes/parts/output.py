"""Where the script writes."""

from pathlib import Path

OUTPUT: str = "output"  # a relative path lies beside this script


def output() -> Path:
    """Return the folder for checkpoints, the model and the results."""
    return Path(__file__).resolve().parent / OUTPUT
