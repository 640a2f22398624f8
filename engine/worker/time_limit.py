"""A time limit for a model's chat template: it is a program that came with the model, and may loop for ever."""

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

    def on_alarm(*_: Any) -> None:
        raise TimeoutError(f"{what} did not end within {seconds} seconds")

    known = signal.signal(signal.SIGALRM, on_alarm)
    left = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, known)
        signal.setitimer(signal.ITIMER_REAL, *left)


def limit_chat_templates(seconds: int = 30) -> None:
    """Let every use of a chat template in this process end in time."""
    from transformers import PreTrainedTokenizerBase

    library = PreTrainedTokenizerBase.apply_chat_template

    def in_time(tokenizer: Any, *given: Any, **named: Any) -> Any:
        with time_limit("the chat template", seconds):
            return library(tokenizer, *given, **named)

    PreTrainedTokenizerBase.apply_chat_template = in_time  # type: ignore[method-assign]
