"""A time limit for what a model brings along and that may loop for ever, as a chat template can: it is a program."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def time_limit(what: str, seconds: int = 30) -> Iterator[None]:
    """Raise a TimeoutError when it takes longer; only the main thread of a process can be interrupted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_alarm(number: int, frame: Any) -> None:
        raise TimeoutError(f"{what} did not end within {seconds} seconds")

    known = signal.signal(signal.SIGALRM, on_alarm)
    left = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, known)
        signal.setitimer(signal.ITIMER_REAL, *left)
