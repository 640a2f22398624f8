"""What a run has said so far: a pure fold over its events, with every curve kept as plain arrays."""

import math
from array import array
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from engine.series import Series, put_together

Event = dict[str, Any]
PACE_POINTS = (
    120  # steps that the shown speed is averaged over: long enough to be calm, short enough to notice a change
)


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
    machine: dict[str, Series] = field(default_factory=dict)
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

    def apply_all(self, events: Sequence[Any]) -> None:
        """Take in events in their order; metrics that follow one another are taken in together: that is much faster."""
        if len(events) > 1 and self._put_all(events):
            return
        start = 0
        while start < len(events):
            end = _together(events, start)
            if end - start > 1 and self._put_all(events[start:end]):
                start = end
                continue
            for event in events[start : max(end, start + 1)]:
                self.apply(event)
            start = max(end, start + 1)

    def _put_all(self, events: Sequence[Any]) -> bool:
        """Take in metrics of the same names; return False, and take in nothing, where one of them is not as usual."""
        try:
            types, steps, epochs, times, rows = zip(*map(_WHERE, events), strict=True)
            names = list(rows[0])
            if set(types) != {"metrics"} or set(map(len, rows)) != {len(names)} or set(map(type, rows)) != {dict}:
                return False
            ticks = array("q", steps), array("f", epochs), array("d", times)
            columns = [_column(list(map(itemgetter(name), rows))) for name in names]
        except (KeyError, TypeError, OverflowError):
            return False
        if not names or max(steps) > _LARGEST or min(steps) < -_LARGEST:
            return False
        put_together(self.metrics, names, ticks, columns)
        self._pace.extend(zip(times[-PACE_POINTS:], steps[-PACE_POINTS:], strict=True))
        if self._first is None:
            self._first = (times[0], steps[0])
        self.step, self.epoch = steps[-1], epochs[-1]
        self.last_time = max(self.last_time, max(times))
        return True

    @property
    def first_time(self) -> float:
        """Return when the first point of any curve was reported, 0 before there is one."""
        curves = (*self.metrics.values(), *self.evaluated.values())
        return min((series.times[0] for series in curves if len(series)), default=0.0)

    @property
    def results(self) -> dict[str, Any] | None:
        """Return what came of the run, None before its end and for one that has only curves."""
        told = self.finished.get("results") if self.finished else None
        return told if isinstance(told, dict) else None

    @property
    def is_command(self) -> bool:
        """Return whether the run is somebody's own command, which only its own script can repeat or continue."""
        return "command" in (self.started or {})

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
        left = max(0, self.max_steps - self.step) / rate if rate and self.max_steps else None
        return left if left is not None and math.isfinite(left) else None

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
        for series in (*self.metrics.values(), *self.evaluated.values(), *self.machine.values()):
            series.cut(start)
        self.samples = _until(self.samples, start)
        self.checkpoints = _until(self.checkpoints, start)
        self.warnings = _until(self.warnings, start)
        self.step = start
        self._pace.clear()
        self._pace.append((time, start))
        self._first = None

    def _fold_planned(self, event: Event, _: float) -> None:
        """Take in that the run will end elsewhere than it began to."""
        if self.begun is not None:
            epochs = event.get("epochs", self.begun.get("epochs"))
            self.begun = {**self.begun, "max_steps": int(_number(event["max_steps"])), "epochs": epochs}

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
        if not -_LARGEST <= step <= _LARGEST:
            raise ValueError(step)
        epoch = _number(event.get("epoch"), self.epoch)
        told = dict(event["values"])
        values = {_text(name): number for name, value in told.items() if (number := _value(value)) is not None}
        if told and not values:
            raise ValueError(told)
        put_together(curves, list(values), ([step], [epoch], [time]), [[value] for value in values.values()])
        return step, epoch

    def _fold_sample(self, event: Event, _: float) -> None:
        sample = {name: _text(event[name]) for name in ("prompt", "base", "tuned")}
        self.samples.append({"step": int(_number(event["step"])), **sample})

    def _fold_hardware(self, event: Event, time: float) -> None:
        """Keep what the machine says now; while it trains, memory and speed become curves."""
        self.hardware = event
        cards = [card for card in event.get("gpu") or [] if isinstance(card, dict)]
        used = sum(_number(card.get("memory_used"), 0.0) for card in cards) or _number(event.get("rss"), 0.0)
        found = {"memory": used / 2**30 or None, "speed": self.steps_per_second}
        if self.begun is not None and self.phase in ("", "training"):
            for name, number in found.items():
                if number is not None:
                    put_together(self.machine, [name], ([self.step], [self.epoch], [time]), [[number]])

    def _fold_checkpoint(self, event: Event, _: float) -> None:
        self.checkpoints.append({**event, "step": int(_number(event["step"])), "path": _text(event["path"])})

    def _fold_warning(self, event: Event, _: float) -> None:
        words = {name: _text(event.get(name, "")) for name in ("code", "message", "advice")}
        self.warnings.append({"step": int(_number(event.get("step"), self.step)), **words})

    def _fold_finished(self, event: Event, _: float) -> None:
        self.finished, self.progress = {**event, "status": _text(event["status"])}, None

    def _fold_failed(self, event: Event, _: float) -> None:
        words = {name: _text(event.get(name, "")) for name in ("code", "message", "advice", "traceback")}
        told = event.get("change")
        change = {str(name): value for name, value in told.items()} if isinstance(told, dict) else {}
        self.failed, self.progress = {**event, **words, "change": change}, None


_FOLDS: dict[str, Callable[[History, Event, float], None]] = {
    name.removeprefix("_fold_"): fold for name, fold in vars(History).items() if name.startswith("_fold_")
}


_LARGEST = 2**53
_WHERE = itemgetter("type", "step", "epoch", "time", "values")


def _together(events: Sequence[Any], start: int) -> int:
    """Return the end of the metrics of the same names that begin at `start`; `start` where there are none."""
    first = events[start]
    if type(first) is not dict or first.get("type") != "metrics" or type(first.get("values")) is not dict:
        return start
    names = first["values"].keys()
    if len(events) - start == 1 or not names:
        return start
    for place in range(start, len(events)):
        event = events[place]
        try:
            if event["type"] != "metrics" or event["values"].keys() != names:
                return place
        except (KeyError, AttributeError):
            return place
    return len(events)


def _column(values: list[Any]) -> "array[float]":
    """Return values as numbers, much faster than one by one; None is a gap, and a TypeError says what is no number."""
    try:
        return array("d", values)
    except TypeError:
        return array("d", [math.nan if value is None else _number(value) for value in values])


def _value(value: Any) -> float | None:
    """Return a value of a curve, NaN for a gap; None for what is no number, so that only this one is left out."""
    if value is None:
        return math.nan
    try:
        number = float(value) if isinstance(value, (int, float)) else None
    except OverflowError:
        return math.nan
    return number if number is None or math.isfinite(number) else math.nan


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
