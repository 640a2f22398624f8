"""Tables of numbers: CSV with a row of names, and JSON lines with an object each."""

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.foreign.axis import Axis, placed
from engine.foreign.points import number
from engine.history import Event

DELIMITERS = ",;\t|"
OURS = ("metrics", "evaluated", "begun", "started", "phase", "finished", "failed", "warning", "checkpoint", "hardware")


def read_csv(path: Path) -> Iterator[Event | None]:
    """Yield a point for every row, but for a last one without an end; None for one with more cells than names."""
    yield from placed(_cells(path))


def _cells(path: Path) -> Iterator[dict[str, Any] | None]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        torn = _torn(path)
        first = file.readline()
        file.seek(0)
        rows = csv.reader(file, delimiter=max(DELIMITERS, key=first.count))
        names = [name.strip() for name in next(rows, [])]
        if names == ["Wall time", "Step", "Value"]:  # TensorBoard's own export
            names[2] = path.stem
        cells = next(rows, None)
        while cells is not None:
            following = next(rows, None)
            if following is None and torn:
                return
            more = len(cells) > len(names)
            yield None if more else {name: cell for name, cell in zip(names, cells, strict=False) if cell.strip()}
            cells = following


def _torn(path: Path) -> bool:
    """Return whether the last line has no end: its last number may be half of one."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        return size > 0 and file.read() not in (b"\n", b"\r")


def read_lines(path: Path) -> Iterator[Event | None]:
    """Yield a point for every line, or the events themselves of a journal of ours; None for what is no object."""
    axis = Axis()
    with path.open("rb") as file:
        for index, line in enumerate(file):
            if not line.strip():
                continue
            try:
                told: Any = json.loads(line)
            except (ValueError, RecursionError):
                told = None
                if not line.endswith(b"\n"):
                    return  # it is still being written
            if not isinstance(told, dict):
                yield None
            elif told.get("type") in OURS:
                yield told
            else:
                yield from axis.events(_flat(told), index)


def _flat(told: dict[str, Any]) -> dict[str, Any]:
    """Return the numbers of a row, also those that lie one level deeper, under their own names."""
    deeper = {key: each for value in told.values() if isinstance(value, dict) for key, each in value.items()}
    return {**deeper, **{name: value for name, value in told.items() if not isinstance(value, dict)}}


def looks_like_table(first: str) -> bool:
    """Return whether a first line is a row of names: at least two, and none of them a number."""
    names = next(csv.reader([first], delimiter=max(DELIMITERS, key=first.count)), [])
    return len(names) > 1 and all(name.strip() and number(name) is None for name in names)
