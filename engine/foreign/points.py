"""Numbers under the names of others as points of our curves."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from engine.history import Event

STEPS = (
    *("global_step", "global_steps", "trainer_global_step", "train_global_step", "global_step_max_steps"),
    *("current_steps", "current_step", "cur_step", "cur_steps", "step", "steps"),
    *("train_step", "train_steps", "training_step", "optimizer_step", "optim_step", "num_updates", "update", "updates"),
    *("iteration", "iterations", "iter", "iters", "n_iter", "_step"),
)
"""What others call the step that a row belongs to, the surest name first."""
EPOCHS = ("epoch", "train_epoch", "epochs", "current_epoch", "cur_epoch")
TIMES = ("time", "wall_time", "_timestamp", "timestamp")
TOTALS = (
    "total_steps",
    "max_steps",
    "total_step",
    "num_training_steps",
    "total_iterations",
    "total_iters",
    "max_iters",
)
"""What says how many steps are planned."""
TESTED = ("eval_", "eval/", "val_", "val/", "valid_", "valid/", "validation_", "test_", "test/")
TRAINED = ("train/", "train_")
SILENT = (
    *("runtime", "samples_per_second", "steps_per_second", "total_flos", "num_tokens", "num_input_tokens_seen"),
    *("percentage", "elapsed_time", "remaining_time", "eta", *TOTALS),
)
"""What says how long something took or how far it is, and not how well it went."""
ALIASES = {"lr": "learning_rate", "lm_loss": "loss"}
"""Curves under the names that everything here knows them by."""
FRACTION = re.compile(r"\s*(\d{1,15})\s*/\s*(\d{1,15})\s*")


class Place(NamedTuple):
    """Where a row of named numbers belongs, as far as it says so, and how many steps it knows to be planned."""

    step: int | None
    epoch: float | None
    time: float | None
    total: int | None


def located(named: Mapping[str, Any]) -> Place:
    """Return where a row belongs; a step may be written as 5/100, which also says how many there will be."""
    known = {plain(name): value for name, value in named.items() if isinstance(value, (int, float, str))}
    total = _whole(_first(known, TOTALS))
    for name in STEPS:
        value = known.get(name)
        if isinstance(value, str) and (parts := FRACTION.fullmatch(value)):
            return Place(int(parts[1]), _first(known, EPOCHS), _first(known, TIMES), int(parts[2]))
        if (step := _whole(_first(known, (name,)))) is not None:
            return Place(step, _first(known, EPOCHS), _first(known, TIMES), total)
    return Place(None, _first(known, EPOCHS), _first(known, TIMES), total)


def where(named: Mapping[str, Any], step: int) -> tuple[int, float | None, float | None]:
    """Return step, epoch and time of a row; the step is the given one where the row has none."""
    found = located(named)
    return (step if found.step is None else found.step), found.epoch, found.time


def plain(name: str) -> str:
    """Return a name in small letters with `_` between its words; one that begins with `_` keeps it."""
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).rstrip("_")


def _whole(number: float | None) -> int | None:
    return int(number) if number is not None and abs(number) < 2**53 else None


def _first(known: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    values = (number(known.get(name)) for name in names)
    return next((value for value in values if value is not None and math.isfinite(value)), None)


_PLACES = frozenset((*STEPS, *EPOCHS, *TIMES))


def points(named: Mapping[str, Any], step: int, epoch: float | None, time: float | None) -> Iterator[Event]:
    """Yield what a row of named numbers tells: a point of the training, one of the tests, or both."""
    trained: dict[str, float | None] = {}
    tested: dict[str, float | None] = {}
    for name, value in named.items():
        found = number(value)
        if found is None or name.startswith("_") or plain(name) in _PLACES:
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
    return "metrics", ALIASES.get(name, name)


def number(value: Any) -> float | None:
    """Return a number, also one that is written as text; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None
