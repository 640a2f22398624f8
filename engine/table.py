"""The curves of a run as one CSV table: a row for every step at which anything was measured."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.history import History
from engine.problem import Problem
from engine.series import Series, Ticks

Cell = float | int | str


@dataclass(frozen=True, slots=True)
class Columns:
    """Values that were reported together, as they were at one moment."""

    ticks: Ticks
    names: tuple[str, ...]
    values: tuple[Sequence[float], ...]


def columns(history: History) -> list[Columns]:
    """Return copies of all curves, those that share their steps together; fast, so that a reader waits for it."""
    groups: dict[int, list[tuple[str, Series]]] = {}
    tested = {f"eval_{name}" if name in history.metrics else name: each for name, each in history.evaluated.items()}
    for name, series in {**history.metrics, **tested, **history.machine}.items():
        groups.setdefault(id(series.ticks), []).append((name, series))
    return [
        Columns(found[0][1].ticks.copy(), tuple(name for name, _ in found), tuple(each.values[:] for _, each in found))
        for found in groups.values()
    ]


def write(found: Sequence[Columns], path: Path) -> int:
    """Write a table whole or not at all, and return how many rows it has; an empty cell is no number."""
    names = list(dict.fromkeys(name for group in found for name in group.names))
    part = path.with_name(path.name + ".part")
    number = 0
    try:
        with part.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["step", "epoch", "time", *names])
            for number, row in enumerate(_rows(found, names), 1):  # noqa: B007 - the last number is the answer
                table.writerow(row)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        advice = "make room or choose another folder"
        raise Problem(f"the table can't be written ({error.strerror})", where=str(path), advice=advice) from None
    return number


def _rows(found: Sequence[Columns], names: Sequence[str]) -> Iterator[list[Cell]]:
    places = [0] * len(found)
    order = {name: index for index, name in enumerate(names)}
    while due := [
        (group.ticks.steps[at], index)
        for index, (group, at) in enumerate(zip(found, places, strict=True))
        if at < len(group.ticks.steps)
    ]:
        step = min(due)[0]
        row: list[Cell] = [""] * len(names)
        here: list[Cell] = []
        for group, index in ((found[index], index) for each, index in due if each == step):
            at = places[index]
            places[index] += 1
            here = here or [step, f"{group.ticks.epochs[at]:.7g}", group.ticks.times[at]]  # epochs are single floats
            for name, values in zip(group.names, group.values, strict=True):
                row[order[name]] = values[at] if values[at] == values[at] else ""
        yield [*here, *row]
