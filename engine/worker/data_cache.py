"""Where the library for data keeps the rows that it has read: in the run's own folder, until the run is complete."""

import os
import shutil
import sys
from pathlib import Path

VARIABLE = "HF_DATASETS_CACHE"
PLACE = Path("cache") / "datasets"


def use(folder: Path) -> None:
    """Keep rows in the run's folder, which is its user's alone, unless this user has named a place of his own."""
    if os.environ.get(VARIABLE):
        return
    os.environ[VARIABLE] = str(folder / PLACE)
    library = sys.modules.get("datasets")
    if library is not None:  # a worker that waited for its run has loaded it already
        library.config.HF_DATASETS_CACHE = folder / PLACE


def forget(folder: Path) -> None:
    """Remove the rows again; what a person has named himself is left alone."""
    shutil.rmtree(folder / PLACE, ignore_errors=True)
