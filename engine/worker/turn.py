"""Waiting for the run before: a run that was queued holds its own lock, and begins when the other's is free."""

import fcntl
import time
from pathlib import Path

from engine.event import Journal

LOOK_EVERY = 0.5


def wait_turn(before: Path, journal: Journal) -> None:
    """Return when the run in `before` has ended, in whatever way; a signal ends the waiting."""
    journal.write("phase", name="waiting", after=before.name)
    while is_held(before):
        time.sleep(LOOK_EVERY)


def is_held(folder: Path) -> bool:
    """Return whether a worker of this machine holds a run; one that is gone from the disk is held by nobody."""
    try:
        with (folder / "worker.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
