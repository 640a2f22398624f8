"""Curves that others wrote, as plain lines."""

from collections.abc import Iterator

from engine.foreign import Foreign
from engine.series import Series
from tui.commands.say import say, warn


def print_curves(found: Foreign) -> None:
    """Print a line for each curve, and how much of the file can't be read."""
    from tui.commands.words import columns

    known = found.history
    rows = [*_rows(known.metrics, ""), *_rows(known.evaluated, "tested")]
    for line in columns([("curve", "", "points", "steps", "first", "last", "lowest", "highest"), *rows]):
        say(line)
    if known.skipped:
        warn(f"{known.skipped} records of {found.path} can't be read and are left out")


def _rows(curves: dict[str, Series], kind: str) -> Iterator[tuple[str, ...]]:
    from tui.widgets.figures import count, value
    from tui.words import literal

    for name, series in curves.items():
        low, high, _, number = series.between(0, len(series))
        numbers = (series.values[0], series.last, low, high) if number else (None,) * 4
        steps = f"{count(series.steps[0])} to {count(series.steps[-1])}"
        yield (literal(name), kind, count(len(series)), steps, *map(value, numbers))
