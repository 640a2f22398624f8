"""Says what the script is doing, to the terminal and to whoever watches."""

from collections.abc import Sequence

from transformers import TrainerCallback


def phase(name: str, callbacks: Sequence[TrainerCallback]) -> None:
    """Print the phase that begins and tell it to callbacks that have an `on_phase`."""
    print(f"{name} ...", flush=True)
    for callback in callbacks:
        if hasattr(callback, "on_phase"):
            callback.on_phase(name)
