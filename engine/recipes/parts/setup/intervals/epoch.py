"""An evaluation and a checkpoint at the end of every epoch."""

from typing import Any


def intervals() -> dict[str, Any]:
    """Return when a trainer evaluates and saves."""
    return {"eval_strategy": "epoch", "save_strategy": "epoch"}
