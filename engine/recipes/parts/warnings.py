"""Says what is going wrong in the training, to the terminal and to whoever watches; never ends it."""

from collections.abc import Sequence

from transformers import TrainerCallback


def warn(code: str, message: str, advice: str, callbacks: Sequence[TrainerCallback]) -> None:
    """Print a warning with what to do about it, and tell it to callbacks that have an `on_warning`."""
    print(f"warning: {message}; {advice}", flush=True)
    for callback in callbacks:
        if hasattr(callback, "on_warning"):
            callback.on_warning(code, message, advice)
