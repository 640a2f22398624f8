"""What one curve shows, and its lines turned into the traces that are drawn through a lens."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from engine.series import Series
from tui.widgets.envelope import Envelope, Point, inside, marks, points
from tui.widgets.figures import clock, count, value
from tui.widgets.lens import Lens, Window
from tui.widgets.plot import BLOCKS, LINE, Trace
from tui.widgets.spans import Part

MARKS = 24  # evaluations that get a mark of their own; of more, some are marked and a line runs through all
SPACED = 8  # marks on a smoothed line, which tell it from others without colour
Look = Literal["curve", "marks", "path", "smooth", "star"]


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a picture: a raw and smoothed `curve`, single `marks`, a `path` from mark to mark, a `star`.

    `begun` is the Unix time from which its time is counted, `step` where its star stands.
    """

    series: Series
    look: Look
    style: str = "mark"
    marker: str = "●"
    name: str = ""
    begun: float = 0.0
    step: int = 0

    def window(self, lens: Lens, whole: float) -> Window:
        """Return what a lens shows of this line."""
        return lens.window(whole, self.begun)


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that happened at some steps, marked on the axis."""

    sign: str
    style: str
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """What one curve widget shows: its lines, and the two ends of the row above them."""

    name: str
    lines: tuple[Line, ...]
    left: tuple[Part, ...]
    right: tuple[Part, ...]
    signs: tuple[Sign, ...] = ()


class Tracer:
    """Turns the lines of one picture into traces; what a long line looks like is kept for the next time."""

    def __init__(self, width: int, lens: Lens, whole: float) -> None:
        """Draw in `width` columns what a lens shows of an axis from 0 to `whole`."""
        self.width, self.lens, self.whole = width, lens, whole
        self._envelopes: dict[int, Envelope] = {}

    def traces(self, lines: Sequence[Line]) -> list[Trace]:
        """Return all traces, the last one on top."""
        return [trace for index, line in enumerate(lines) for trace in self._line(index, line)]

    def gaps(self) -> set[float]:
        """Return where values were reported that are no numbers."""
        return {place for envelope in self._envelopes.values() for place in envelope.gaps()}

    def _line(self, index: int, line: Line) -> Iterator[Trace]:
        window = line.window(self.lens, self.whole)
        if line.look == "star":
            yield Trace(tuple(_star(line.series, window, line.step)), line.style, line.marker, False)
            return
        if line.look in ("curve", "smooth"):
            yield from self._curve(index, line, window)
            return
        found = len(inside(line.series, window))
        if line.look == "path" or found > MARKS:
            few = found <= self.width
            path = points(line.series, window) if few else self._envelope(index, line.series, window).raw()
            yield Trace(tuple(path), line.style, LINE)
        yield Trace(tuple(marks(line.series, window, MARKS)), line.style, line.marker, joined=False)

    def _curve(self, index: int, line: Line, window: Window) -> Iterator[Trace]:
        envelope = self._envelope(index, line.series, window)
        if line.look == "curve":
            yield Trace(tuple(envelope.raw()), "raw", LINE)
            yield Trace(tuple(envelope.smoothed()), "smooth", BLOCKS)
            return
        smoothed = envelope.smoothed()
        yield Trace(tuple(smoothed), line.style, LINE)
        yield Trace(tuple(_spaced(smoothed, window, index)), line.style, line.marker, joined=False)

    def _envelope(self, index: int, series: Series, window: Window) -> Envelope:
        if index not in self._envelopes or self._envelopes[index].window != window:
            self._envelopes[index] = Envelope(2 * self.width, window)
        self._envelopes[index].follow(series)
        return self._envelopes[index]


def _spaced(line: Sequence[Point], window: Window, index: int) -> Iterator[Point]:
    """Yield points at fixed places of the axis, other ones for each line, and the last point."""
    gap = window.length / SPACED
    due = window.first + gap * (0.3 + 0.2 * (index % 4))
    for point in line:
        if point[0] >= due:
            yield point
            due += gap
    yield from line[-1:]


def _star(series: Series, window: Window, step: int) -> Iterator[Point]:
    """Yield the point of a step if it lies in the window."""
    if (index := series.steps.index(step)) in inside(series, window):
        yield series.places(window.along)[index] - window.origin, series.values[index]


def raised(traces: Sequence[Trace]) -> list[Trace] | None:
    """Return traces of the values' logarithms; None where nothing is above zero."""
    found = [replace(trace, points=tuple((place, _power(each)) for place, each in trace.points)) for trace in traces]
    return found if any(not math.isnan(each) for trace in found for _, each in trace.points) else None


def _power(number: float) -> float:
    return math.log10(number) if number > 0 else math.nan


def places_of(sign: Sign, line: Line, window: Window) -> Iterator[float]:
    """Yield where the steps of a sign lie on the axis; the points of a line say at what epoch and time they were."""
    for step in sign.steps:
        if window.along == "steps":
            yield step
        elif (index := line.series.nearest("steps", step)) is not None:
            yield line.series.places(window.along)[index] - line.begun * (window.along == "times")


def reading(picture: Picture, lens: Lens, whole: float, width: int) -> list[Part]:
    """Return what the lines say under the cursor: step, epoch and time, then every value with its spread there."""
    assert lens.cursor is not None
    parts: list[Part] = []
    for line in picture.lines:
        window = line.window(lens, whole)
        index = line.series.nearest(lens.along, lens.cursor + window.origin)
        if index is None or line.look == "star":
            continue
        ticks = line.series.ticks
        if not parts:
            since = ticks.times[index] - line.begun if line.begun else math.nan
            parts = [Part(f"┊ step {count(ticks.steps[index])}", "accent"), Part(f" · epoch {ticks.epochs[index]:.2f}")]
            parts += [Part(f" · {clock(since)}", "muted", 1)] if since == since else []
            at = ticks.steps[index]
        parts.append(Part(f"  {line.name} ".replace("   ", "  "), line.style if line.look != "curve" else "smooth"))
        parts.append(Part(value(line.series.values[index]), "strong"))
        parts += [Part(f" @ {count(ticks.steps[index])}", "muted", 4)] if ticks.steps[index] != at else []
        parts += _spread(line.series, window, lens.cursor, window.length / max(1, width))
    return parts


def _spread(series: Series, window: Window, place: float, column: float) -> list[Part]:
    """Return from where to where the values of one column go, when it holds several."""
    there = inside(series, replace(window, first=place - column / 2, last=place + column / 2))
    low, high, _, number = series.between(there.start, there.stop)
    return [Part(f" ({value(low)} – {value(high)})", "muted", 2)] if number > 1 else []
