"""A series folded into the columns of a picture: lowest, highest and smoothed value of each, so no spike is lost."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from engine.series import Series

SMOOTHING = 0.02  # of the axis: how far back the smoothed line remembers
QUICKEST = 0.4  # weight of the newest point at most, so that a run of few steps is smoothed at all

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Column:
    """What one column of a picture holds; without a number in it, it is a gap."""

    step: float
    low: float
    high: float


class Envelope:
    """The columns of one series, made anew where points were added; whole blocks of a long one are not walked again."""

    def __init__(self, columns: int, last: float) -> None:
        """Divide the steps from 0 to `last` into `columns`."""
        self.columns = max(2, columns)
        self.last = max(1.0, last)
        self._source: Series | None = None
        self._clear()

    def _clear(self) -> None:
        self._found: list[Column] = []
        self._smooth: list[Point] = []
        self._edits = self._taken = 0
        self._level, self._step = math.nan, 0.0

    def follow(self, series: Series) -> None:
        """Take in what is new in `series`, from the last column on; start again when its past changed."""
        if series is not self._source or series.edits != self._edits:
            self._clear()
            self._source, self._edits = series, series.edits
        while self._taken < len(series):
            self._add(series)

    def _add(self, series: Series) -> None:
        """Take in the points of one column, or those that came to the newest one."""
        width = self.last / (self.columns - 1)
        number = min(self.columns - 1, max(0, int(series.steps[self._taken] / width + 0.5)))
        end = bisect_left(series.steps, (number + 0.5) * width) if number < self.columns - 1 else len(series)
        end = max(end, self._taken + 1)
        low, high, total, count = series.between(self._taken, end)
        if self._found and self._found[-1].step == number * width:
            before = self._found.pop()
            low, high = _lower(before.low, low), _higher(before.high, high)
        self._found.append(Column(number * width, low, high))
        if count:
            self._smoothed(series, end, number * width, total / count, count)
        self._taken = end

    def _smoothed(self, series: Series, end: int, place: float, mean: float, count: int) -> None:
        step = float(series.steps[end - 1])
        passed = 1 - math.exp((self._step - step) / (SMOOTHING * self.last))
        weight = min(1 - (1 - QUICKEST) ** count, passed)
        self._level = mean if math.isnan(self._level) else self._level + weight * (mean - self._level)
        self._step = step
        if self._smooth and self._smooth[-1][0] == place:
            self._smooth.pop()
        self._smooth.append((place, self._level))

    def raw(self) -> list[Point]:
        """Return the lowest and highest point of every column, as one line that runs through them; NaN is a gap."""
        points: list[Point] = []
        for column in self._found:
            if math.isnan(column.low):
                points.append((column.step, math.nan))
                continue
            ends = [column.low, column.high] if column.low != column.high else [column.low]
            if points and abs(points[-1][1] - column.high) < abs(points[-1][1] - column.low):
                ends.reverse()
            points.extend((column.step, end) for end in ends)
        return points

    def smoothed(self) -> list[Point]:
        """Return the smoothed line."""
        return list(self._smooth)


def _lower(one: float, other: float) -> float:
    return other if math.isnan(one) else one if math.isnan(other) else min(one, other)


def _higher(one: float, other: float) -> float:
    return other if math.isnan(one) else one if math.isnan(other) else max(one, other)


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
