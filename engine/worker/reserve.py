"""Room for the last word: a small file that is given back when a run ends, so that a full disk can be told as one."""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from engine.worker.failures import ADVICE_FULL, Failure

RESERVE = ".reserve"
SIZE = 128 * 1024
"""Bytes that are kept: a last word with its traceback, and the end of the log."""
FULL = 1024 * 1024
"""Bytes below which a disk is called full: libraries tell of a write that failed in words of their own."""
LIKELY = ("error", "best_not_loaded")
"""Codes of failures that say nothing of a cause."""


def keep_reserve(folder: Path) -> None:
    """Take the room, as far as it is there."""
    with suppress(OSError):
        (folder / RESERVE).write_bytes(os.urandom(SIZE))  # zeros would take no room on a disk that compresses


def full_disk(folder: Path) -> Path | None:
    """Return the folder whose disk is full: the run's, or that of temporary files and caches."""
    caches = os.environ.get("HF_HOME") or "~/.cache"
    for place in (folder, Path(tempfile.gettempdir()), Path(caches).expanduser()):
        with suppress(OSError):
            if shutil.disk_usage(place).free < FULL:
                return place
    return None


def release(folder: Path) -> None:
    """Give the room back."""
    with suppress(OSError):
        (folder / RESERVE).unlink()


def with_disk(failure: Failure, folder: Path) -> Failure:
    """Return what is told of a failure when the disk is looked at as well."""
    full = full_disk(folder) if failure.code in LIKELY else None
    if full is None:
        return failure
    return Failure("disk_full", f"the disk of {full} is full ({failure.message})", ADVICE_FULL)
