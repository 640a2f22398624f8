"""A picture of some series, seen through a lens, of which only what changed is sent to the terminal."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from textual import events
from textual.message import Message

from tui.ascii import terminal_is_utf8
from tui.widgets.axes import Axis, across, powers_axis, values_axis
from tui.widgets.lens import Lens
from tui.widgets.picture import Picture, Sign, Tracer, places_of, raised, reading
from tui.widgets.plot import ASCII_MARKERS, BLOCKS, LINE, Trace, draw, stamped, start
from tui.widgets.spans import Part, Row, Spans, spread

BLANK = " \u2800"
NO_NUMBER = "×"
EMPTY = Axis(0.0, 1.0, (0.0, 1.0), ("0", "1"))


def sign(marker: str) -> str:
    """Return how the legend shows a marker on this terminal."""
    wide = {LINE: "⠒⠒", BLOCKS: "▀▄"}
    return wide.get(marker, marker) if terminal_is_utf8() else ASCII_MARKERS[marker] * len(wide.get(marker, marker))


class Curve(Spans):
    """Draws a Picture in its own size; drawing the same again costs nothing and sends nothing."""

    HELP = """A curve: a click reads its values, the wheel zooms."""
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

    @dataclass
    class Sized(Message):
        """The curve has a size, and what is seen in it."""

    @dataclass
    class Pointed(Message):
        """The mouse was clicked at a place of the axis, or its wheel turned there: `turn` -1 is closer, 1 farther."""

        place: float
        turn: int = 0

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        """Begin with no picture."""
        super().__init__(id=id)
        self.picture: Picture | None = None
        self.lens, self.whole = Lens(), 1.0
        self.left = 0
        self._tracer: Tracer | None = None
        self._tracers: dict[str, Tracer] = {}
        self._drawn: tuple[object, ...] | None = None
        self._plot: list[Row] = []

    def plot(self, picture: Picture, whole: float, lens: Lens | None = None, *, later: bool = False) -> None:
        """Show through a lens a picture of which all is seen from 0 to `whole`; `later`: with the resize to come."""
        lens = lens or Lens()
        if (self.lens.part, self.lens.along, self.whole) != (lens.part, lens.along, whole):
            self._tracers = {}
        self._tracer = self._tracers.get(picture.name)
        self.picture, self.whole, self.lens = picture, whole, lens
        if not later:
            self._draw()

    def on_resize(self, _: events.Resize) -> None:
        """Draw anew in the new size."""
        self._tracer, self._tracers = None, {}
        self._draw()
        self.post_message(self.Sized())

    @property
    def columns(self) -> int:
        """Return in how many columns there are points."""
        return max(1, self.content_size.width - self.left)

    def _draw(self) -> None:
        width, height = self.content_size
        if self.picture is None or width < 20 or height < 5:
            return
        tracer = self._tracer = self._tracer or Tracer(width, self.lens, self.whole)
        self._tracers[self.picture.name] = tracer
        traces = tracer.traces(self.picture.lines)
        powers = raised(traces) if self.lens.logarithmic else None
        scaled = powers or traces
        values = [value for trace in scaled for _, value in trace.points if not math.isnan(value)]
        rows: list[Row] = []
        if values or tracer.gaps() or self.lens.part:
            axis = powers_axis if powers else values_axis
            rows = self._rows(
                scaled, axis(min(values), max(values), height - 3) if values else EMPTY, width, height - 1
            )
        self.show([self._title(width, powers is not None), *rows])

    def _title(self, width: int, powers: bool) -> Row:
        assert self.picture is not None
        left, right = self.picture.left, self.picture.right
        if self.lens.cursor is not None:
            return spread([*left[:1], *reading(self.picture, self.lens, self.whole, self.columns)], [], width)
        if powers:
            left = (*left[:1], Part("log  ", "accent"), *left[1:])
        return spread(left, right, width)

    def _rows(self, traces: Sequence[Trace], y: Axis, width: int, height: int) -> list[Row]:
        drawn = (tuple(traces), y, width, height, self.lens.part, self.lens.along, self.whole)
        if self._drawn != drawn:
            window = self.lens.window(self.whole)
            self._plot = draw(traces, across(window, width), y, width, height, utf8=terminal_is_utf8())
            self._drawn, self.left = drawn, start(y)
        rows = list(self._plot)
        for column, found in self._signs():
            rows[-2] = stamped(rows[-2], column, found.sign, found.style)
        if self.lens.cursor is not None and (at := self._column(self.lens.cursor)) is not None:
            line = "┊" if terminal_is_utf8() else "|"
            rows[:-2] = [stamped(row, at, line, "accent", over=BLANK) for row in rows[:-2]]
        return rows

    def _signs(self) -> Iterator[tuple[int, Sign]]:
        """Yield what is marked on the axis with its column, the more serious later."""
        assert self.picture is not None and self._tracer is not None
        for found in self.picture.signs:
            line = self.picture.lines[0]
            places = places_of(found, line, line.window(self.lens, self.whole))
            yield from ((column, found) for column in self._columns(places))
        broken = Sign(NO_NUMBER if terminal_is_utf8() else "x", "wrong", ())
        yield from ((column, broken) for column in self._columns(self._tracer.gaps()))

    def _columns(self, places: Iterable[float]) -> set[int]:
        return {column for place in places if (column := self._column(place)) is not None}

    def _column(self, place: float) -> int | None:
        share = self.lens.window(self.whole).share(place)
        return self.left + round(share * (self.columns - 1)) if 0 <= share <= 1 else None

    def _place(self, event: events.MouseEvent) -> float | None:
        column = int(event.screen_x) - self.content_region.x - self.left  # it comes from a tile, whose own x it tells
        if self.picture is None or column < 0:
            return None
        window = self.lens.window(self.whole)
        return window.first + window.length * column / max(1, self.columns - 1)

    def _tell(self, event: events.MouseEvent, turn: int = 0) -> None:
        if (place := self._place(event)) is not None:
            event.stop()
            self.post_message(self.Pointed(place, turn))

    def on_click(self, event: events.Click) -> None:
        """Read the values there."""
        self._tell(event)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Look closer."""
        self._tell(event, -1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Look from farther away."""
        self._tell(event, 1)
