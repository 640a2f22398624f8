"""What a run has said so far: a pure fold over its events, with every curve kept as plain arrays."""

import math
from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Event = dict[str, Any]
PACE_POINTS = (
    120  # steps that the shown speed is averaged over: long enough to be calm, short enough to notice a change
)


@dataclass(slots=True)
class Series:
    """One curve, sorted by step without repeats; NaN is a gap."""

    steps: "array[int]" = field(default_factory=lambda: array("q"))
    epochs: "array[float]" = field(default_factory=lambda: array("d"))
    times: "array[float]" = field(default_factory=lambda: array("d"))
    values: "array[float]" = field(default_factory=lambda: array("d"))
    edits: int = 0
    """How often points that were already there changed; who draws only what is new starts again when this moves."""

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def last(self) -> float | None:
        """Return the newest value that is a number."""
        return next((value for value in reversed(self.values) if not math.isnan(value)), None)

    def put(self, step: int, epoch: float, time: float, value: float) -> None:
        """Add the point of one step; a step that is there already gets the new value."""
        if not self.steps or step > self.steps[-1]:
            self.steps.append(step)
            self.epochs.append(epoch)
            self.times.append(time)
            self.values.append(value)
            return
        self.edits += 1
        index = bisect_left(self.steps, step)
        if self.steps[index] == step:
            self.epochs[index], self.times[index], self.values[index] = epoch, time, value
            return
        self.steps.insert(index, step)
        self.epochs.insert(index, epoch)
        self.times.insert(index, time)
        self.values.insert(index, value)

    def cut(self, step: int) -> None:
        """Drop every point after `step`."""
        length = bisect_right(self.steps, step)
        if length < len(self.steps):
            self.edits += 1
            del self.steps[length:], self.epochs[length:], self.times[length:], self.values[length:]


@dataclass(slots=True)
class History:
    """The whole state of a run as its events tell it; `phases` are those from the last start to its training.

    Nothing here looks at the disk or at a clock.
    """

    started: Event | None = None
    phase: str = ""
    phase_since: float = 0.0
    phases: list[tuple[str, float]] = field(default_factory=list)
    progress: Event | None = None
    begun: Event | None = None
    step: int = 0
    epoch: float = 0.0
    metrics: dict[str, Series] = field(default_factory=dict)
    evaluated: dict[str, Series] = field(default_factory=dict)
    samples: list[Event] = field(default_factory=list)
    hardware: Event | None = None
    checkpoints: list[Event] = field(default_factory=list)
    warnings: list[Event] = field(default_factory=list)
    finished: Event | None = None
    failed: Event | None = None
    skipped: int = 0
    last_time: float = 0.0
    _pace: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=PACE_POINTS))
    _first: tuple[float, int] | None = None

    def apply(self, event: Event) -> None:
        """Take in one event; unknown types are ignored, a known one with unusable fields is counted as skipped."""
        try:
            fold = _FOLDS.get(event["type"])
            time = _number(event.get("time"), self.last_time)
            if fold:
                fold(self, event, time)
        except (KeyError, TypeError, ValueError, OverflowError):
            self.skipped += 1
        else:
            self.last_time = max(self.last_time, time)

    @property
    def max_steps(self) -> int | None:
        """Return the planned number of steps, None before the training has begun."""
        planned = self.begun.get("max_steps") if self.begun else None
        return planned if isinstance(planned, int) and planned > 0 else None

    @property
    def steps_per_second(self) -> float | None:
        """Return the speed of the last steps, None while it is unknown."""
        return _rate(self._pace[0], self._pace[-1]) if self._pace else None

    @property
    def seconds_left(self) -> float | None:
        """Return the time to the last planned step at this part's mean speed, so that evaluations count."""
        rate = (_rate(self._first, self._pace[-1]) if self._first else None) or self.steps_per_second
        return max(0, self.max_steps - self.step) / rate if rate and self.max_steps else None

    def _fold_started(self, event: Event, time: float) -> None:
        self.started = event
        self.finished = self.failed = self.progress = None
        self.phase, self.phase_since, self.phases = "", time, []
        self._pace.clear()
        self._first = None

    def _fold_phase(self, event: Event, time: float) -> None:
        name = _text(event["name"])
        self.phase, self.phase_since, self.progress = name, time, None
        if not self.phases or self.phases[-1][0] != "training":
            self.phases.append((name, time))

    def _fold_progress(self, event: Event, _: float) -> None:
        done, total = _number(event["done"]), event.get("total")
        self.progress = {
            "name": _text(event["name"]),
            "done": done,
            "total": None if total is None else _number(total),
            "unit": _text(event.get("unit", "")),
        }

    def _fold_begun(self, event: Event, time: float) -> None:
        start = int(_number(event["from_step"], 0))
        self.begun, self.progress = event, None
        for series in (*self.metrics.values(), *self.evaluated.values()):
            series.cut(start)
        self.samples = _until(self.samples, start)
        self.checkpoints = _until(self.checkpoints, start)
        self.warnings = _until(self.warnings, start)
        self.step = start
        self._pace.clear()
        self._pace.append((time, start))
        self._first = None

    def _fold_metrics(self, event: Event, time: float) -> None:
        step, epoch = self._put(self.metrics, event, time)
        self._pace.append((time, step))
        if self._first is None:
            self._first = (time, step)  # the step before it compiles and warms up: it says nothing about the others
        self.step, self.epoch = step, epoch

    def _fold_evaluated(self, event: Event, time: float) -> None:
        step, epoch = self._put(self.evaluated, event, time)
        self.step, self.epoch, self.progress = max(self.step, step), max(self.epoch, epoch), None

    def _put(self, curves: dict[str, Series], event: Event, time: float) -> tuple[int, float]:
        step = int(_number(event["step"]))
        epoch = _number(event.get("epoch"), self.epoch)
        values = {
            _text(name): math.nan if value is None else _number(value) for name, value in dict(event["values"]).items()
        }
        for name, value in values.items():
            series = curves.get(name)
            if series is None:
                series = curves[name] = Series()
            series.put(step, epoch, time, value)
        return step, epoch

    def _fold_sample(self, event: Event, _: float) -> None:
        sample = {name: _text(event[name]) for name in ("prompt", "base", "tuned")}
        self.samples.append({"step": int(_number(event["step"])), **sample})

    def _fold_hardware(self, event: Event, _: float) -> None:
        self.hardware = event

    def _fold_checkpoint(self, event: Event, _: float) -> None:
        self.checkpoints.append({**event, "step": int(_number(event["step"])), "path": _text(event["path"])})

    def _fold_warning(self, event: Event, _: float) -> None:
        words = {name: _text(event.get(name, "")) for name in ("code", "message", "advice")}
        self.warnings.append({"step": int(_number(event.get("step"), self.step)), **words})

    def _fold_finished(self, event: Event, _: float) -> None:
        self.finished, self.progress = {**event, "status": _text(event["status"])}, None

    def _fold_failed(self, event: Event, _: float) -> None:
        words = {name: _text(event.get(name, "")) for name in ("code", "message", "advice", "traceback")}
        self.failed, self.progress = {**event, **words}, None


_FOLDS: dict[str, Callable[[History, Event, float], None]] = {
    name.removeprefix("_fold_"): fold for name, fold in vars(History).items() if name.startswith("_fold_")
}


def _number(value: Any, missing: float | None = None) -> float:
    if value is None and missing is not None:
        return missing
    if isinstance(value, (int, float)):
        return value
    raise TypeError(f"{value!r} is no number")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _until(entries: list[Event], step: int) -> list[Event]:
    return [entry for entry in entries if entry["step"] <= step]


def _rate(start: tuple[float, int], end: tuple[float, int]) -> float | None:
    seconds, steps = end[0] - start[0], end[1] - start[1]
    return steps / seconds if steps > 0 and seconds > 0 else None
