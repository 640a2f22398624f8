"""A series folded into the columns of a picture: lowest, highest and smoothed value of each, so no spike is lost."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from engine.series import Series
from tui.widgets.lens import Window

SMOOTHING = 0.02  # of the axis: how far back the smoothed line remembers
QUICKEST = 0.4  # weight of the newest point at most, so that a run of few steps is smoothed at all

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Column:
    """What one column of a picture holds; without a number in it, it is a gap. `broken`: not all in it are numbers."""

    place: float
    low: float
    high: float
    broken: bool = False


class Envelope:
    """The columns of one series, made anew where points were added; whole blocks of a long one are not walked again."""

    def __init__(self, columns: int, window: Window) -> None:
        """Divide a window into `columns`."""
        self.columns = max(2, columns)
        self.window = window
        self.width = window.length / (self.columns - 1)
        self._source: Series | None = None
        self._clear()

    def _clear(self) -> None:
        self._found: list[Column] = []
        self._smooth: list[Point] = []
        self._edits = self._taken = 0
        self._level, self._place = math.nan, 0.0

    def follow(self, series: Series) -> None:
        """Take in what is new in `series`, from the last column on; start again when its past changed."""
        places, window = series.places(self.window.along), self.window
        if series is not self._source or series.edits != self._edits:
            self._clear()
            self._source, self._edits = series, series.edits
            self._taken = bisect_left(places, window.first + window.origin - self.width / 2)
        while self._taken < len(series) and places[self._taken] - window.origin <= window.last + self.width / 2:
            self._add(series)

    def _add(self, series: Series) -> None:
        """Take in the points of one column, or those that came to the newest one."""
        places, start = series.places(self.window.along), self.window.first + self.window.origin
        number = min(self.columns - 1, max(0, int((places[self._taken] - start) / self.width + 0.5)))
        end = max(bisect_left(places, start + (number + 0.5) * self.width), self._taken + 1)
        low, high, total, count = series.between(self._taken, end)
        place = self.window.first + number * self.width
        broken = count < end - self._taken
        if self._found and self._found[-1].place == place:
            before = self._found.pop()
            low, high, broken = _lower(before.low, low), _higher(before.high, high), broken or before.broken
        self._found.append(Column(place, low, high, broken))
        if count:
            self._smoothed(places[end - 1], place, total / count, count)
        self._taken = end

    def _smoothed(self, newest: float, place: float, mean: float, count: int) -> None:
        passed = 1 - math.exp((self._place - newest) / (SMOOTHING * self.window.length))
        weight = min(1 - (1 - QUICKEST) ** count, passed)
        self._level = mean if math.isnan(self._level) else self._level + weight * (mean - self._level)
        self._place = newest
        if self._smooth and self._smooth[-1][0] == place:
            self._smooth.pop()
        self._smooth.append((place, self._level))

    def raw(self) -> list[Point]:
        """Return the lowest and highest point of every column, as one line that runs through them; NaN is a gap."""
        points: list[Point] = []
        for column in self._found:
            if math.isnan(column.low):
                points.append((column.place, math.nan))
                continue
            ends = [column.low, column.high] if column.low != column.high else [column.low]
            if points and abs(points[-1][1] - column.high) < abs(points[-1][1] - column.low):
                ends.reverse()
            points.extend((column.place, end) for end in ends)
        return points

    def smoothed(self) -> list[Point]:
        """Return the smoothed line."""
        return list(self._smooth)

    def gaps(self) -> list[float]:
        """Return where something was reported that is no number."""
        return [column.place for column in self._found if column.broken]


def _lower(one: float, other: float) -> float:
    return other if math.isnan(one) else one if math.isnan(other) else min(one, other)


def _higher(one: float, other: float) -> float:
    return other if math.isnan(one) else one if math.isnan(other) else max(one, other)


def inside(series: Series, window: Window) -> range:
    """Return the indices of the points that lie in a window."""
    places = series.places(window.along)
    start = bisect_left(places, window.first + window.origin)
    return range(start, bisect_right(places, window.last + window.origin))


def points(series: Series, window: Window) -> Iterator[Point]:
    """Yield every point in a window, of a series that is short there, such as the evaluations."""
    places = series.places(window.along)
    for index in inside(series, window):
        yield places[index] - window.origin, series.values[index]


def marks(series: Series, window: Window, most: int) -> Iterator[Point]:
    """Yield every point in a window, or of many the last of each of `most` equal parts of it."""
    found = inside(series, window)
    if len(found) <= most:
        yield from points(series, window)
        return
    places, start = series.places(window.along), window.first + window.origin
    ends = (bisect_right(places, start + window.length * part / most, found.start) for part in range(1, most + 1))
    for index in dict.fromkeys(end - 1 for end in ends if end > found.start):
        yield places[index] - window.origin, series.values[index]
