"""A picture of some series over the planned steps, of which only what changed is sent to the terminal."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from textual import events

from engine.series import Series
from tui.ascii import terminal_is_utf8
from tui.widgets.envelope import Envelope, Point, marks, points
from tui.widgets.plot import ASCII_MARKERS, BLOCKS, LINE, Axis, Trace, draw, steps_axis, values_axis
from tui.widgets.spans import Part, Row, Spans, spread

MARKS = 24  # evaluations that get a mark of their own; of more, some are marked and a line runs through all
Look = Literal["curve", "marks", "path"]


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a picture: a raw and smoothed `curve`, single `marks`, or a `path` from mark to mark."""

    series: Series
    look: Look
    style: str = "mark"
    marker: str = "●"


@dataclass(frozen=True, slots=True)
class Picture:
    """What one curve widget shows: its lines, and the two ends of the row above them."""

    name: str
    lines: tuple[Line, ...]
    left: tuple[Part, ...]
    right: tuple[Part, ...]


def sign(marker: str) -> str:
    """Return how the legend shows a marker on this terminal."""
    wide = {LINE: "⠒⠒", BLOCKS: "▀▄"}
    return wide.get(marker, marker) if terminal_is_utf8() else ASCII_MARKERS[marker] * len(wide.get(marker, marker))


class Curve(Spans):
    """Draws a Picture in its own size; drawing the same again costs nothing and sends nothing."""

    DEFAULT_CSS = """
    Curve {
        height: 1fr;
        & > .raw { color: $accent 60%; }
        & > .smooth { color: $accent; }
        & > .mark { color: $foreground; text-style: bold; }
        & > .path-1 { color: $accent; }
        & > .path-2 { color: $foreground; }
        & > .path-3 { color: $accent 80%; }
        & > .path-4 { color: $foreground 75%; }
        & > .path-5 { color: $accent 65%; }
    }
    """
    COMPONENT_CLASSES = {"raw", "smooth", "mark", "path-1", "path-2", "path-3", "path-4", "path-5"}

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        """Begin with no picture."""
        super().__init__(id=id)
        self.picture: Picture | None = None
        self.planned = 1.0
        self._envelopes: dict[int, Envelope] = {}
        self._drawn: tuple[tuple[Trace, ...], Axis, int, int] | None = None
        self._plot: list[Row] = []

    def plot(self, picture: Picture, planned: float) -> None:
        """Show a picture whose steps run from 0 to `planned`."""
        if self.picture is None or picture.name != self.picture.name or planned != self.planned:
            self._envelopes.clear()
        self.picture, self.planned = picture, planned
        self._draw()

    def on_resize(self, _: events.Resize) -> None:
        """Draw anew in the new size."""
        self._envelopes.clear()
        self._draw()

    def _draw(self) -> None:
        width, height = self.content_size
        if self.picture is None or width < 20 or height < 5:
            return
        traces = tuple(self._traces(self.picture.lines, width))
        values = [value for trace in traces for _, value in trace.points if not math.isnan(value)]
        if values:
            y = values_axis(min(values), max(values), height - 3)
            if self._drawn != (traces, y, width, height):
                self._drawn = (traces, y, width, height)
                self._plot = self._rows(traces, y, width, height - 1)
        self.show([spread(self.picture.left, self.picture.right, width), *(self._plot if values else [])])

    def _rows(self, traces: Sequence[Trace], y: Axis, width: int, height: int) -> list[Row]:
        return draw(traces, steps_axis(self.planned, width), y, width, height, utf8=terminal_is_utf8())

    def _traces(self, lines: Sequence[Line], width: int) -> Iterator[Trace]:
        for index, line in enumerate(lines):
            if line.look == "curve":
                yield from self._curve(index, line.series, width)
                continue
            if line.look == "path" or len(line.series) > MARKS:
                yield Trace(self._path(index, line.series, width), line.style, LINE)
            yield Trace(tuple(marks(line.series, self.planned, MARKS)), line.style, line.marker, joined=False)

    def _path(self, index: int, series: Series, width: int) -> tuple[Point, ...]:
        return tuple(points(series)) if len(series) <= width else tuple(self._envelope(index, series, width).raw())

    def _envelope(self, index: int, series: Series, width: int) -> Envelope:
        envelope = self._envelopes.setdefault(index, Envelope(2 * width, self.planned))
        envelope.follow(series)
        return envelope

    def _curve(self, index: int, series: Series, width: int) -> Iterator[Trace]:
        envelope = self._envelope(index, series, width)
        yield Trace(tuple(envelope.raw()), "raw", LINE)
        yield Trace(tuple(envelope.smoothed()), "smooth", BLOCKS)
