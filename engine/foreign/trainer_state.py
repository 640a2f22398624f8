"""The trainer_state.json that a trainer of Hugging Face leaves in its checkpoints."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.foreign.points import number, points, where
from engine.history import Event
from engine.problem import Problem


def read(path: Path) -> Iterator[Event | None]:
    """Yield the events that a trainer's state tells; None for an entry that says nothing."""
    try:
        told: Any = json.loads(path.read_text("utf-8"))
        log, planned = told["log_history"], number(told.get("max_steps"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        advice = "it is written whole when a checkpoint is; take that of another checkpoint"
        raise Problem("this is no whole trainer_state.json", where=str(path), advice=advice) from error
    yield {"type": "begun", "from_step": 0, "max_steps": int(planned or 0), "epochs": told.get("num_train_epochs")}
    for entry in log if isinstance(log, list) else []:
        if not isinstance(entry, dict):
            yield None
            continue
        if "train_runtime" not in entry:  # the last entry sums the whole training up
            yield from points(entry, *where(entry, 0))
