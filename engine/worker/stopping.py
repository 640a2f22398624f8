"""Stopping in every phase: in training after the step and its checkpoint, elsewhere at once."""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

PATIENCE = 2.0
"""Seconds after which a request that nobody has followed is made once more."""


class Stopped(BaseException):
    """Somebody asked the run to stop; no library may swallow it, hence no Exception."""


class Stop:
    """The request to stop, from SIGTERM or from the file control/stop."""

    def __init__(self, control: Path) -> None:
        """Watch `control` (the run's folder of requests)."""
        self.control = control
        self.training = False
        self.asked = False
        self.over = False
        self.told = 0.0

    def listen(self) -> None:
        """Take over SIGTERM and SIGINT, ignore SIGHUP, and watch the control folder."""
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        signal.signal(signal.SIGUSR1, self._once_more)
        threading.Thread(target=self._watch, name="control", daemon=True).start()

    def take(self, name: str) -> bool:
        """Return whether a request is there, and remove it."""
        try:
            (self.control / name).unlink()
        except OSError:
            return False
        return True

    def forget(self) -> None:
        """Remove requests that were made of this run's former life."""
        for name in ("stop", "save", "evaluate", "stop_at_evaluation"):
            self.take(name)

    def end(self) -> None:
        """Listen to no more requests: the last word is being said."""
        self.over = True

    def _watch(self) -> None:
        while True:
            if self.take("stop"):
                os.kill(os.getpid(), signal.SIGTERM)
            if self.asked and not self.training and time.monotonic() - self.told > PATIENCE:
                os.kill(os.getpid(), signal.SIGUSR1)
            time.sleep(0.2)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self.over:
            return
        if self.asked:
            os._exit(130)
        self.asked = True
        self._raise()

    def _once_more(self, number: int, frame: FrameType | None) -> None:
        """Raise again what an import or a library's own clean-up has swallowed."""
        del number, frame
        self._raise()

    def _raise(self) -> None:
        self.told = time.monotonic()
        if not self.training and not self.over:
            raise Stopped


def every(seconds: float, act: Callable[[], None]) -> None:
    """Call `act` in a daemon thread for as long as the process lives; a call that fails is not the last one."""

    def loop() -> None:
        while True:
            with suppress(Exception):
                act()
            time.sleep(seconds)

    threading.Thread(target=loop, name=getattr(act, "__name__", "every"), daemon=True).start()
