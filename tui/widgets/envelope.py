"""A series folded into the columns of a picture: lowest, highest and smoothed value of each, so no spike is lost."""

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterator

from engine.history import Series

SMOOTHING = 0.02  # of the axis: how far back the smoothed line remembers
QUICKEST = 0.4  # weight of the newest point at most, so that a run of few steps is smoothed at all

Point = tuple[float, float]


class Envelope:
    """Takes in each point of a series once and keeps a few numbers per column, however long the run is."""

    def __init__(self, columns: int, last: float) -> None:
        """Divide the steps from 0 to `last` into `columns`."""
        self.columns = max(2, columns)
        self.last = max(1.0, last)
        self._source: Series | None = None
        self._clear()

    def _clear(self) -> None:
        empty = array("d", [math.nan]) * self.columns
        self.low, self.high, self.smooth = array("d", empty), array("d", empty), array("d", empty)
        self.gaps: set[int] = set()
        self._taken = self._edits = 0
        self._level = math.nan
        self._step = 0

    def follow(self, series: Series) -> None:
        """Take in what is new in `series`; start again when its past changed."""
        if series is not self._source or series.edits != self._edits:
            self._clear()
            self._source, self._edits = series, series.edits
        for index in range(self._taken, len(series)):
            self._take(series.steps[index], series.values[index])
        self._taken = len(series)

    def _take(self, step: int, value: float) -> None:
        column = min(self.columns - 1, max(0, int(step / self.last * (self.columns - 1) + 0.5)))
        if math.isnan(value):
            self.gaps.add(column)
            return
        if not self.low[column] <= value:
            self.low[column] = value
        if not self.high[column] >= value:
            self.high[column] = value
        weight = min(QUICKEST, 1 - math.exp((self._step - step) / (SMOOTHING * self.last)))
        self._level = value if math.isnan(self._level) else self._level + weight * (value - self._level)
        self._step = step
        self.smooth[column] = self._level

    def raw(self) -> list[Point]:
        """Return the lowest and highest point of every column, as one line that runs through them; NaN is a gap."""
        points: list[Point] = []
        for column in range(self.columns):
            low, high, step = self.low[column], self.high[column], self._step_of(column)
            if math.isnan(low):
                if column in self.gaps:
                    points.append((step, math.nan))
                continue
            ends = [low, high] if low != high else [low]
            if points and abs(points[-1][1] - high) < abs(points[-1][1] - low):
                ends.reverse()
            points.extend((step, end) for end in ends)
        return points

    def smoothed(self) -> list[Point]:
        """Return the smoothed line."""
        return [(self._step_of(column), level) for column, level in enumerate(self.smooth) if not math.isnan(level)]

    def _step_of(self, column: int) -> float:
        return column / (self.columns - 1) * self.last


def marks(series: Series, last: float, most: int) -> Iterator[Point]:
    """Yield every point of a series, or of a longer one the last of each of `most` equal parts of the axis."""
    if len(series) <= most:
        yield from points(series)
        return
    ends = (bisect_right(series.steps, last * part / most) for part in range(1, most + 1))
    for index in dict.fromkeys(end - 1 for end in ends if end):
        yield float(series.steps[index]), series.values[index]


def points(series: Series) -> Iterator[Point]:
    """Yield every point of a short series, such as the evaluations."""
    yield from zip(map(float, series.steps), series.values, strict=True)
