"""Curves in plain arrays: points reported together share their steps, and blocks of points know their extremes."""

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import lt
from typing import Literal

Along = Literal["steps", "epochs", "times"]
"""What curves are drawn along."""
BLOCK = 256
"""Points whose lowest, highest and sum are kept, so that no picture of a long run walks through all of them."""


@dataclass(slots=True)
class Ticks:
    """Where points lie: step, epoch and Unix time, shared by every series that was always reported together."""

    steps: "array[int]" = field(default_factory=lambda: array("q"))
    epochs: "array[float]" = field(default_factory=lambda: array("f"))
    times: "array[float]" = field(default_factory=lambda: array("d"))
    users: int = 1

    def copy(self) -> "Ticks":
        """Return ticks of one's own."""
        return Ticks(self.steps[:], self.epochs[:], self.times[:])


@dataclass(slots=True)
class Blocks:
    """Lowest, highest and sum of every whole block of a series; a block with a gap in it leaves the gap out."""

    low: "array[float]" = field(default_factory=lambda: array("d"))
    high: "array[float]" = field(default_factory=lambda: array("d"))
    total: "array[float]" = field(default_factory=lambda: array("d"))
    count: "array[int]" = field(default_factory=lambda: array("H"))

    def extend(self, values: "array[float]") -> None:
        """Take in the blocks of `values` that have become whole."""
        for start in range(len(self.low) * BLOCK, len(values) - BLOCK + 1, BLOCK):
            low, high, total, count = extremes(values[start : start + BLOCK])
            self.low.append(low)
            self.high.append(high)
            self.total.append(total)
            self.count.append(count)

    def cut(self, length: int) -> None:
        """Forget the blocks that are not whole any more when `length` points are left."""
        whole = length // BLOCK
        del self.low[whole:], self.high[whole:], self.total[whole:], self.count[whole:]


def extremes(values: "array[float]") -> tuple[float, float, float, int]:
    """Return lowest, highest, sum and number of the values that are no gaps; without any, NaN and 0."""
    total = sum(values)
    if math.isnan(total):
        values = array("d", [value for value in values if value == value])
        total = sum(values)
    return (min(values), max(values), total, len(values)) if values else (math.nan, math.nan, 0.0, 0)


class Series:
    """One curve, sorted by step without repeats; NaN is a gap.

    `edits` counts how often points that were already there changed: who keeps something of them starts again then.
    """

    __slots__ = ("_blocks", "edits", "ticks", "values")

    def __init__(self, ticks: Ticks | None = None) -> None:
        """Begin without points; `ticks` are those of other series that begin with this one."""
        self.ticks = ticks or Ticks()
        self.values: array[float] = array("d")
        self.edits = 0
        self._blocks = Blocks()

    def __len__(self) -> int:
        return len(self.values)

    @property
    def steps(self) -> "array[int]":
        """Steps of the points, rising."""
        return self.ticks.steps

    @property
    def epochs(self) -> "array[float]":
        """Epochs of the points."""
        return self.ticks.epochs

    @property
    def times(self) -> "array[float]":
        """Unix times of the points."""
        return self.ticks.times

    def places(self, along: Along) -> "array[int] | array[float]":
        """Return where the points lie: their steps, epochs or Unix times, rising."""
        return self.ticks.steps if along == "steps" else self.ticks.epochs if along == "epochs" else self.ticks.times

    def nearest(self, along: Along, place: float) -> int | None:
        """Return the index of the point that lies nearest to a place, None without points."""
        places = self.places(along)
        index = bisect_left(places, place)
        around = [near for near in (index - 1, index) if 0 <= near < len(places)]
        return min(around, key=lambda near: abs(places[near] - place), default=None)

    @property
    def last(self) -> float | None:
        """Return the newest value that is a number."""
        return next((value for value in reversed(self.values) if value == value), None)

    def put(self, step: int, epoch: float, time: float, value: float) -> None:
        """Add the point of one step; a step that is there already gets the new value."""
        self.own()
        ticks = self.ticks
        index = len(self.values) if not self.values or step > ticks.steps[-1] else bisect_left(ticks.steps, step)
        if index < len(self.values):
            self.edits += 1
            self._blocks.cut(index)
            if ticks.steps[index] == step:
                ticks.epochs[index], ticks.times[index], self.values[index] = epoch, time, value
                return
        ticks.steps.insert(index, step)
        ticks.epochs.insert(index, epoch)
        ticks.times.insert(index, time)
        self.values.insert(index, value)

    def own(self) -> None:
        """Stop sharing the ticks with other series."""
        if self.ticks.users > 1:
            self.ticks.users -= 1
            self.ticks = self.ticks.copy()

    def cut(self, step: int) -> None:
        """Drop every point after `step`."""
        length = bisect_right(self.ticks.steps, step)
        if length < len(self.values):
            self.own()
            self.edits += 1
            del self.ticks.steps[length:], self.ticks.epochs[length:], self.ticks.times[length:], self.values[length:]
            self._blocks.cut(length)

    def summarise(self) -> None:
        """Find the extremes of all whole blocks now, before somebody waits for them."""
        self._blocks.extend(self.values)

    def between(self, first: int, end: int) -> tuple[float, float, float, int]:
        """Return lowest, highest, sum and number of the points from index `first` to before `end`, gaps left out."""
        start, stop = -(-first // BLOCK), end // BLOCK
        if stop <= start:
            return extremes(self.values[first:end])
        self._blocks.extend(self.values)
        blocks = self._blocks
        parts = [extremes(self.values[first : start * BLOCK]), extremes(self.values[stop * BLOCK : end])]
        lows = [low for low in (*blocks.low[start:stop], parts[0][0], parts[1][0]) if low == low]
        highs = [high for high in (*blocks.high[start:stop], parts[0][1], parts[1][1]) if high == high]
        total = sum(blocks.total[start:stop]) + parts[0][2] + parts[1][2]
        count = sum(blocks.count[start:stop]) + parts[0][3] + parts[1][3]
        return min(lows, default=math.nan), max(highs, default=math.nan), total, count


Columns = Sequence[Sequence[float]]


def put_together(
    curves: dict[str, Series],
    names: Sequence[str],
    ticks: tuple[Sequence[int], Sequence[float], Sequence[float]],
    columns: Columns,
) -> None:
    """Add points that were reported together: steps, epochs and times, and one column of values for each name."""
    if not names:
        return
    if not any(name in curves for name in names):
        shared = Ticks(users=len(names))
        curves.update((name, Series(shared)) for name in names)
    members = [curves[name] if name in curves else curves.setdefault(name, Series()) for name in names]
    shared = members[0].ticks
    together = shared.users == len(members) and all(member.ticks is shared for member in members)
    if together and _rising(ticks[0], shared.steps[-1] if shared.steps else None):
        shared.steps.extend(ticks[0])
        shared.epochs.extend(ticks[1])
        shared.times.extend(ticks[2])
        for member, column in zip(members, columns, strict=True):
            member.values.extend(column)
        return
    for member, column in zip(members, columns, strict=True):
        for step, epoch, time, value in zip(*ticks, column, strict=True):
            member.put(step, epoch, time, value)


def _rising(steps: Sequence[int], last: int | None) -> bool:
    if last is not None and steps and steps[0] <= last:
        return False
    return all(map(lt, steps, islice(steps, 1, None)))
