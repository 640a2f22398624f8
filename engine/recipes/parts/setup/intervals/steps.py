"""Evaluations and checkpoints after a number of steps."""

from typing import Any

EVALUATE_EVERY: int = 100  # steps between two evaluations
SAVE_EVERY: int = 100  # steps between two checkpoints; a multiple of EVALUATE_EVERY


def intervals() -> dict[str, Any]:
    """Return when a trainer evaluates and saves."""
    return {
        "eval_strategy": "steps",
        "eval_steps": EVALUATE_EVERY,
        "save_strategy": "steps",
        "save_steps": SAVE_EVERY,
    }
