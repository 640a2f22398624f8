"""What was predicted and what a card then measured: kept on this machine, and held against the next prediction."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from engine.event import PREDICTED, measured_file
from engine.safe_files import write

if TYPE_CHECKING:
    from engine.config import Run
    from engine.estimate import Estimate
    from engine.machine import Machine

OUTSIDE = ("cuda", "libraries")
"""Terms that torch does not allocate."""


LEAST_GIB, LEAST_SECONDS = 1.0, 180.0
"""Smaller or shorter runs say little: fixed workspaces of the card and the start of the libraries dwarf them."""
BOUNDS = (0.85, 1.3)
"""The most that measured memory corrects a prediction: what is further off is another kind of run, or a mistake."""
PACES = (0.2, 5.0)
"""The same for time, which depends on the machine far more."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One run on a card: what was predicted, and what came."""

    stack: str
    card: str
    goal: str
    method: str
    predicted_gib: float
    allocated_gib: float
    predicted_seconds: float | None = None
    seconds: float | None = None

    @property
    def memory(self) -> float:
        """The measured memory in units of the prediction."""
        return self.allocated_gib / self.predicted_gib

    @property
    def pace(self) -> float | None:
        """The measured time in units of the prediction."""
        if not self.seconds or not self.predicted_seconds or self.seconds < LEAST_SECONDS:
            return None
        return self.seconds / self.predicted_seconds


def pairs(file: Path | None = None) -> tuple[Pair, ...]:
    """Return all that was measured on this machine, the oldest first; lines that can't be read are left out."""
    try:
        lines = (file or measured_file()).read_text("utf-8").splitlines()
    except OSError:
        return ()
    return tuple(pair for line in lines if (pair := _pair(line)) is not None)


def _pair(line: str) -> Pair | None:
    try:
        told = json.loads(line)
        found = Pair(**{name: told[name] for name in Pair.__slots__ if name in told})
        return found if found.predicted_gib > 0 and found.allocated_gib > 0 else None
    except (ValueError, TypeError, KeyError):
        return None


def keep_prediction(folder: Path, run: "Run", spent: "Estimate | None") -> None:
    """Write what was predicted for a run into its folder, without the corrections that were made to it."""
    if spent is None or run.launch.device == "cpu":
        return
    told: dict[str, Any] = {"goal": run.goal, "method": run.method.kind, "peak_gib": spent.peak_gib / spent.factor}
    told |= {"seconds": spent.seconds[1] / spent.pace if spent.seconds else None, "shown_gib": spent.peak_gib}
    write(folder, PREDICTED, json.dumps(told).encode())


def alike(known: Iterable[Pair], run: "Run") -> list[Pair]:
    """Return the pairs that say most of a run: of its goal and method, of its method, or of all."""
    every = list(known)
    same = [pair for pair in every if pair.method == run.method.kind]
    return [pair for pair in same if pair.goal == run.goal] or same or every


def _within(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1])


def calibrated(spent: "Estimate", run: "Run", machine: "Machine") -> "Estimate":
    """Return an estimate corrected by what this card measured of like runs with these libraries."""
    card = machine.gpu
    if run.launch.device == "cpu" or card is None or machine.imagined:
        return spent
    here = (pair for pair in machine.measured if (pair.stack, pair.card) == (machine.stack, card.name))
    known = alike((pair for pair in here if pair.predicted_gib >= LEAST_GIB), run)
    if not known:
        return spent
    factor = _within(median(pair.memory for pair in known), BOUNDS)
    pace = _within(median([pair.pace for pair in known if pair.pace] or [1.0]), PACES)
    outside = sum(value for name, value in spent.terms.items() if name in OUTSIDE)
    high = (spent.high_gib - outside) * factor + outside
    first, middle, last = spent.seconds or (0.0, 0.0, 0.0)
    return replace(
        spent,
        peak_gib=spent.peak_gib * factor,
        low_gib=spent.low_gib * factor,
        high_gib=high,
        terms={name: value if name in OUTSIDE else value * factor for name, value in spent.terms.items()},
        fits=None if spent.free_gib is None else high <= spent.free_gib,
        seconds=None if spent.seconds is None else (first * pace, middle * pace, last * pace),
        factor=factor,
        pace=pace,
        pairs=len(known),
    )


def told(known: Iterable[Pair]) -> dict[str, str]:
    """Return in words what was measured with each stack of libraries on each card."""
    groups: dict[tuple[str, str], list[Pair]] = {}
    for pair in known:
        groups.setdefault((pair.card, pair.stack), []).append(pair)
    return {f"{card} with {stack}": _words(group) for (card, stack), group in groups.items()}


def _words(group: list[Pair]) -> str:
    ratios = sorted(pair.memory for pair in group)
    runs = "1 run" if len(group) == 1 else f"{len(group)} runs"
    spread = f" ({_percent(ratios[0])} to {_percent(ratios[-1])})" if len(group) > 1 else ""
    paces = [pair.pace for pair in group if pair.pace]
    time = f", {median(paces):.1f} times the predicted time" if paces else ""
    return f"{runs}: {_percent(median(ratios))} memory against the prediction{spread}{time}"


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.0f} %"
