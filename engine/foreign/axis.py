"""Rows in the order in which they were written, put on one axis of steps."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.foreign.points import located, points
from engine.history import Event


def placed(rows: Iterable[Mapping[str, Any] | None]) -> Iterator[Event | None]:
    """Yield the points of rows; None for a row that can't be read."""
    axis = Axis()
    for index, row in enumerate(rows):
        if row is None:
            yield None
        else:
            yield from axis.events(row, index)


class Axis:
    """Where the rows of one file lie.

    A row without a step lies where the row before it did, or is counted where none has one. Steps that begin anew in
    each epoch are counted on. A training that was resumed writes steps again: then the later points are the true
    ones, and what came after them in the part that was given up is dropped.
    """

    def __init__(self) -> None:
        """Begin before the first row."""
        self._total: int | None = None
        self._first: int | None = None
        self._step = 0
        self._epoch: float | None = None
        self._before = 0
        self._reached: dict[str, int] = {}
        self._again: int | None = None

    def events(self, row: Mapping[str, Any], index: int) -> Iterator[Event]:
        """Yield what one row tells."""
        found = located(row)
        if found.total is not None and found.total != self._total:
            self._total = found.total
            yield {"type": "planned", "max_steps": found.total}
        step = self._on_axis(found.step, found.epoch, index)
        for event in points(row, step, found.epoch, found.time):
            if event["type"] == "metrics" and self._resumed(event["values"], step):
                yield {"type": "begun", "from_step": self._again, "max_steps": self._total}
                self._again, self._reached = None, dict.fromkeys(event["values"], step)
            yield event

    def _on_axis(self, step: int | None, epoch: float | None, index: int) -> int:
        if step is None:
            return index if self._first is None else self._step
        if self._first is None:
            self._first = step
        own, last_epoch = step + self._before, self._epoch
        if own < self._step and step <= self._first and None not in (epoch, last_epoch) and epoch > last_epoch:  # type: ignore[operator]
            self._before = self._step + (self._first == 0)
            own = step + self._before
        self._step, self._epoch = own, epoch if epoch is not None else last_epoch
        return own

    def _resumed(self, values: Mapping[str, Any], step: int) -> bool:
        """Return whether the training goes on from an earlier step: one row may be late, two are a new beginning."""
        reached = max((self._reached.get(name, -1) for name in values), default=-1)
        if step < reached and self._again is None:
            self._again = step
            return False
        if self._again is not None and step > self._again:
            return True
        if self._again is None:
            self._reached.update(dict.fromkeys(values, step))
        return False
