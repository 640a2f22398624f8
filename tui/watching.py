"""Following one run from a thread: what is new in its events, and whether its process still lives."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from engine import run as runs
from engine import run_folder
from engine.follow import Follower
from engine.foreign.follow import Foreign
from engine.history import History

READ_EVERY = 0.25  # seconds between two looks at the events
LOOK_EVERY = 1.0  # seconds between two looks at the process
FIRST = 0.3  # seconds of reading after which a part of a long run is shown: every picture delays the whole one
BATCH = 1 << 20  # bytes taken in at once, so that who draws waits at most some 20 ms for the history


class Watching:
    """Keeps the history of a run; `lock` is held while it changes, so that no picture shows half a batch.

    `caught_up` says that everything that was there at the beginning has been read, `gone` that it is there no more.
    """

    def __init__(self, folder: Path, follower: Foreign | None = None) -> None:
        """Watch the run in `folder`, or a file of others through a `follower` of its own."""
        self.folder = folder
        self.lock = threading.Lock()
        self._follower: Follower | Foreign = follower or Follower(folder)
        self._over = threading.Event()
        self.caught_up = False
        self.gone = False

    @property
    def history(self) -> History:
        """Return all that is known now."""
        return self._follower.history

    def end(self) -> None:
        """Let `run` return at once."""
        self._over.set()

    def _catch_up(self, tell: Callable[[runs.State, list[str]], object]) -> runs.State:
        """Read what is there already; all of it is told, and of a long one what is read after a moment."""
        new, told, first = 1, False, time.monotonic() + FIRST
        while new and not self._over.is_set():
            with self.lock:
                new = self._read()
            if not told and time.monotonic() > first:
                told = True
                self._tell(tell)
        self.caught_up = True
        return self._tell(tell)

    def _read(self) -> int:
        """Take in what is new; a line that can't be read is news as well."""
        skipped = self.history.skipped
        return self._follower.read(BATCH) or int(self.history.skipped != skipped)

    def _state(self) -> runs.State:
        return "file" if isinstance(self._follower, Foreign) else runs.state(self.folder, self.history)

    def _is_gone(self) -> bool:
        known = self.history
        return bool(known.started or known.metrics or known.evaluated) and not self._follower.path.exists()

    def _tell(self, tell: Callable[[runs.State, list[str]], object]) -> runs.State:
        state = self._state()
        self.gone = self._is_gone()
        tell(state, run_folder.tail_log(self.folder) if state in ("died", "failed") else [])
        return state

    def run(self, tell: Callable[[runs.State, list[str]], object]) -> None:
        """Read until `end`; `tell` is called with state and last log lines whenever anything is not what it was."""
        state, looked = self._catch_up(tell), time.monotonic()
        for series in list(self.history.metrics.values()):
            with self.lock:
                series.summarise()
        while not self._over.is_set():
            with self.lock:
                new = self._read()
            if new or time.monotonic() - looked >= LOOK_EVERY:
                before, looked = state, time.monotonic()
                if new or self._state() != before or self._is_gone() != self.gone:
                    state = self._tell(tell)
            if not new:
                self._over.wait(READ_EVERY)
