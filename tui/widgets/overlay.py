"""Curves of several runs in one picture: a line for each, told apart by its sign, its style and its name."""

from collections.abc import Mapping, Sequence

from engine.history import History
from engine.series import Series
from tui.widgets.curve import sign
from tui.widgets.figures import value
from tui.widgets.picture import Line, Look, Picture
from tui.widgets.pictures import MARKERS, TITLES
from tui.widgets.spans import Part, Row, shorten
from tui.words import literal

MOST = len(MARKERS)
"""Runs that can be told apart in one picture."""


def names(histories: Sequence[History]) -> list[str]:
    """Return what can be compared: the losses first, then what at least one run has measured or reported."""
    found = dict.fromkeys(f"eval {name}" for history in histories for name in history.evaluated)
    found.update(dict.fromkeys(name for history in histories for name in history.metrics))
    first = [name for name in ("eval eval_loss", "loss") if name in found]
    return [*first, *(name for name in found if name not in first)]


def overlaid(name: str, histories: Mapping[str, History]) -> Picture:
    """Return the picture of one measure of several runs, by what they are called."""
    lines, left = [], [Part(f"  {_title(name)}   ", "strong")]
    for index, (called, history) in enumerate(histories.items()):
        series, look = _series(name, history)
        style = f"path-{index + 1}"
        left.append(Part(f"{sign(MARKERS[index])} {shorten(literal(called), 24)} ", style))
        left.append(Part(f"{value(series.last if series else None)}  ", "strong", 3))
        if series is not None:
            lines.append(Line(series, look, style, MARKERS[index], called, history.first_time))
    return Picture(name, tuple(lines), tuple(left), ())


def _series(name: str, history: History) -> tuple[Series | None, Look]:
    if name.startswith("eval "):
        return history.evaluated.get(name.removeprefix("eval ")), "path"
    return history.metrics.get(name), "smooth"


def _title(name: str) -> str:
    plain = name.removeprefix("eval ")
    words = "evaluation loss" if plain == "eval_loss" else TITLES.get(plain, plain.replace("_", " "))
    return literal(words)


def beside(found: Mapping[str, Sequence[str]], called: Sequence[str], width: int, height: int) -> list[Row]:
    """Return a table of the settings that differ, a column for each run; what has no room is counted."""
    if not found:
        return [(Part("  All settings are the same.", "muted"),)]
    first = min(34, max(map(len, found)) + 2)
    room = max(8, (width - first - 2) // len(called))
    head = [Part("  " + "differs".ljust(first), "muted")]
    head += [Part(_cell(f"{sign(MARKERS[i])} {name}", room), f"path-{i + 1}") for i, name in enumerate(called)]
    rows: list[Row] = [tuple(head)]
    for name, values in list(found.items())[: height - 1]:
        rows.append((Part("  " + _cell(name, first)), *(Part(_cell(each or "–", room)) for each in values)))
    left = len(found) - (height - 1)
    if left > 0:
        rows[-1] = (Part(f"  … and {left + 1} more settings differ", "muted"),)
    return rows


def _cell(text: str, room: int) -> str:
    from rich.cells import set_cell_size

    return set_cell_size(shorten(literal(text), room - 1), room)
