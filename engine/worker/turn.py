"""Waiting for the run before: a run that was queued holds its own lock, and begins when the other's is free."""

import time
from pathlib import Path

from engine.event import Journal
from engine.liveness import is_locked

LOOK_EVERY = 0.5


def wait_turn(before: Path, journal: Journal) -> None:
    """Return when the run in `before` has ended, in whatever way; a signal ends the waiting."""
    journal.write("phase", name="waiting", after=before.name)
    while is_locked(before):
        time.sleep(LOOK_EVERY)
