"""Numbers under the names of others as points of our curves."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from engine.history import Event

STEPS = ("step", "global_step", "train/global_step", "_step", "steps", "iteration", "iter")
EPOCHS = ("epoch", "train/epoch")
TIMES = ("time", "wall_time", "Wall time", "_timestamp", "timestamp")
TESTED = ("eval_", "eval/", "val_", "val/", "valid_", "valid/", "validation_", "test_", "test/")
TRAINED = ("train/", "train_")
SILENT = ("runtime", "samples_per_second", "steps_per_second", "total_flos", "num_tokens", "num_input_tokens_seen")
"""What says how long something took, and not how well it went."""


def where(named: Mapping[str, Any], step: int) -> tuple[int, float | None, float | None]:
    """Return step, epoch and time of a row; the step is the given one where the row has none."""
    found = _first(named, STEPS)
    return (int(found) if found is not None else step), _first(named, EPOCHS), _first(named, TIMES)


def _first(named: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    lower = {name.lower(): value for name, value in named.items()}
    values = (number(lower.get(name.lower())) for name in names)
    return next((value for value in values if value is not None and math.isfinite(value)), None)


def points(named: Mapping[str, Any], step: int, epoch: float | None, time: float | None) -> Iterator[Event]:
    """Yield what a row of named numbers tells: a point of the training, one of the tests, or both."""
    places = {name.lower() for name in (*STEPS, *EPOCHS, *TIMES)}
    trained: dict[str, float | None] = {}
    tested: dict[str, float | None] = {}
    for name, value in named.items():
        found = number(value)
        if found is None or name.lower() in places or name.startswith("_"):
            continue
        kind, short = sorted_name(name)
        if short not in SILENT:
            (tested if kind == "evaluated" else trained)[short] = found if math.isfinite(found) else None
    at = {name: value for name, value in (("epoch", epoch), ("time", time)) if value is not None}
    if trained:
        yield {"type": "metrics", "step": step, **at, "values": trained}
    if tested:
        yield {"type": "evaluated", "step": step, **at, "values": tested}


def sorted_name(name: str) -> tuple[str, str]:
    """Return whether a name is one of the training or of the tests, and how it is called here."""
    for prefix in TESTED:
        if name.startswith(prefix):
            short = name.removeprefix(prefix)
            return "evaluated", "eval_loss" if short == "loss" else short
    for prefix in TRAINED:
        name = name.removeprefix(prefix)
    return "metrics", name


def number(value: Any) -> float | None:
    """Return a number, also one that is written as text; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None
