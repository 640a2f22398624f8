"""A picture of lines as rows of text, drawn off screen by plotext; knows nothing of screens."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tui.ascii import ascii_only
from tui.widgets.envelope import Point
from tui.widgets.figures import count
from tui.widgets.spans import Part, Row

COLOUR = re.compile(r"\x1b\[([0-9;]*)m")
FRAME = "muted"
LINE, BLOCKS = "braille", "hd"
ASCII_MARKERS = {LINE: ".", BLOCKS: "*", "●": "o", "■": "#", "▲": "^", "◆": "+", "▼": "x"}


@dataclass(frozen=True, slots=True)
class Trace:
    """One line of a picture: NaN breaks it; `marker` is LINE, BLOCKS or a character; `style` a component class."""

    points: tuple[Point, ...]
    style: str
    marker: str = LINE
    joined: bool = True


@dataclass(frozen=True, slots=True)
class Axis:
    """The range of one axis, and where its labels stand."""

    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]


def steps_axis(last: float, width: int) -> Axis:
    """Return an axis from 0 to the last planned step with a label about every 20 columns."""
    gap = max(1.0, _nice(last / max(1, width // 16)))
    ticks = tuple(gap * index for index in range(int(last / gap) + 1))
    return Axis(0, last, ticks, tuple(count(tick) for tick in ticks))


def values_axis(low: float, high: float, height: int) -> Axis:
    """Return an axis around the values whose ends move in coarse jumps, so that the picture stands still."""
    if not high > low:
        low, high = low - (abs(low) or 1) * 0.05, high + (abs(high) or 1) * 0.05
    gap = _nice((high - low) / max(1, (height - 1) // 3))
    start, end = math.floor(low / gap * 2) * gap / 2, math.ceil(high / gap * 2) * gap / 2
    first = math.ceil(start / gap - 1e-9)
    ticks = tuple(gap * index for index in range(first, math.floor(end / gap + 1e-9) + 1))
    return Axis(start, end, ticks, tuple(_label(tick, gap) for tick in ticks))


def _nice(gap: float) -> float:
    power: float = 10.0 ** math.floor(math.log10(gap))
    return next((factor * power for factor in (1, 2, 2.5, 5) if factor * power >= gap * 0.999), 10 * power)


def _label(tick: float, gap: float) -> str:
    decimals = next((places for places in range(5) if math.isclose(gap, round(gap, places))), 5)
    return f"{tick:.{decimals}f}" if decimals < 5 and abs(tick) < 1e5 else f"{tick:.1e}"


def preload() -> None:
    """Import plotext (0.1 s), best in a thread before the first picture is asked for."""
    import plotext  # noqa: F401


def draw(traces: Sequence[Trace], x: Axis, y: Axis, width: int, height: int, *, utf8: bool = True) -> list[Row]:
    """Return `height` rows of `width` cells: the frame with its labels, and the traces, the last one on top."""
    import plotext

    plotext.terminal.limit(False, False)
    figure = plotext.figure
    figure.clear.all()
    figure.plot_size(width, height)
    figure.theme("colorless").canvas("default")
    figure.axes(False, axis=0, side=1)
    figure.axes(False, axis=1, side=1)
    for name, axis in (("x", x), ("y", y)):
        ruler = figure.ruler(name, 0)
        ruler.lim(axis.low, axis.high)
        ruler.ticks(list(axis.ticks), list(axis.labels))
    for index, trace in enumerate(traces, 1):
        _draw_trace(figure, plotext, trace, index, {} if utf8 else ASCII_MARKERS)
    rows = _rows(figure.build().string(), [FRAME, *(trace.style for trace in traces)])
    return rows if utf8 else [tuple(Part(ascii_only(part.text), part.style) for part in row) for row in rows]


def _draw_trace(figure: Any, plotext: Any, trace: Trace, colour: int, markers: dict[str, str]) -> None:
    whole = [(step, value) for step, value in trace.points if not math.isnan(value)]
    if not whole:
        return
    marker = plotext.marker(markers.get(trace.marker, trace.marker), pixel=plotext.pixel(colour))
    signal = figure.signal([step for step, _ in whole], [value for _, value in whole], marker=marker)
    signal.lines(trace.joined)
    for index in _breaks(trace.points):
        signal.line(index, False)
    figure.draw(signal)


def _breaks(points: Sequence[Point]) -> Iterator[int]:
    """Yield where, counted without the gaps, a line starts anew."""
    index, gap = 0, False
    for _, value in points:
        if math.isnan(value):
            gap = True
            continue
        if gap:
            yield index
        index, gap = index + 1, False


def _rows(picture: str, styles: Sequence[str]) -> list[Row]:
    rows = []
    for line in picture.rstrip("\n").split("\n"):
        texts = COLOUR.split(line)
        codes = ["0", *texts[1::2]]
        pieces = zip(texts[::2], codes, strict=True)
        rows.append(tuple(Part(text, styles[_colour(code)]) for text, code in pieces if text))
    return rows


def _colour(code: str) -> int:
    return int(code.rpartition(";")[2]) if code.startswith("38;5;") else 0
