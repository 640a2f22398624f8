"""A picture of lines as rows of text, drawn off screen by plotext; knows nothing of screens."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tui.ascii import ascii_only
from tui.widgets.axes import Axis
from tui.widgets.envelope import Point
from tui.widgets.spans import Part, Row

COLOUR = re.compile(r"\x1b\[([0-9;]*)m")
FRAME = "muted"
LINE, BLOCKS = "braille", "hd"
ASCII_MARKERS = {LINE: ".", BLOCKS: "*", "●": "o", "■": "#", "▲": "^", "◆": "+", "▼": "x", "★": "@"}


@dataclass(frozen=True, slots=True)
class Trace:
    """One line of a picture: NaN breaks it; `marker` is LINE, BLOCKS or a character; `style` a component class."""

    points: tuple[Point, ...]
    style: str
    marker: str = LINE
    joined: bool = True


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


def start(y: Axis) -> int:
    """Return the first column of a picture that is not its frame."""
    return max(map(len, y.labels), default=0) + 1


def stamped(row: Row, column: int, sign: str, style: str, *, over: str = "") -> Row:
    """Return a row with one sign put on it; with `over` only where one of those signs stands."""
    parts: list[Part] = []
    left = column
    for part in row:
        if 0 <= left < len(part.text) and (not over or part.text[left] in over):
            whole = part.text
            parts += [Part(whole[:left], part.style), Part(sign, style), Part(whole[left + 1 :], part.style)]
        else:
            parts.append(part)
        left -= len(part.text)
    return tuple(part for part in parts if part.text)


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
