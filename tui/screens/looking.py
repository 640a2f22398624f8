"""Looking at curves: the keys that every screen with curves has, by keyboard and by mouse."""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Protocol

from textual import on, work
from textual.binding import Binding, BindingType
from textual.screen import Screen

from engine import table
from engine.problem import Problem
from tui.widgets.curve import Curve
from tui.widgets.lens import Lens
from tui.words import place

CLOSER, FARTHER = 0.5, 2.0
TURN = 0.8  # a notch of the wheel
FAST = 10  # columns that the cursor goes at once


class View(Protocol):
    """What shows curves through a lens."""

    lens: Lens
    whole: float
    reach: float

    @property
    def column(self) -> float:
        """Return how much of the axis one column shows."""


class Looking(Screen[None]):
    """A screen with curves; all of them are seen through one lens."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "left", "cursor(-1)", "Read left", show=False, tooltip="A cursor that reads values; shift: ten columns"
        ),
        Binding("right", "cursor(1)", "Read right", show=False, tooltip="The same to the right"),
        Binding("shift+left", "cursor(-10)", "Ten left", show=False),
        Binding("shift+right", "cursor(10)", "Ten right", show=False),
        Binding(
            "plus,equals_sign", "scale(-1)", "Closer", show=False, key_display="+", tooltip="Zoom in at the cursor"
        ),
        Binding("minus", "scale(1)", "Farther", show=False, key_display="-", tooltip="Zoom out"),
        Binding("comma", "pan(-1)", "Earlier", show=False, key_display=",", tooltip="Move to what came before"),
        Binding("full_stop", "pan(1)", "Later", show=False, key_display=".", tooltip="Move to what came after"),
        Binding("0", "whole", "All", show=False, tooltip="The whole run again, without a cursor"),
        Binding("x", "axis", "Steps, epochs, time", show=False, tooltip="Draw along steps, epochs or time"),
        Binding("y", "scale_values", "Log axis", show=False, tooltip="A linear or a logarithmic axis of values"),
        Binding("p", "picture", "Picture", show=False, tooltip="Save this screen as an SVG image"),
        Binding("v", "values", "Values as CSV", show=False, tooltip="Save all curves as a table"),
    ]

    @property
    @abstractmethod
    def seen(self) -> View:
        """Return what holds the lens."""

    @property
    @abstractmethod
    def keeps_in(self) -> Path:
        """Return the folder that pictures and tables go into."""

    @abstractmethod
    def values(self) -> Sequence[table.Columns]:
        """Return the curves as they are now."""

    @abstractmethod
    def draw(self) -> None:
        """Draw the curves anew."""

    @abstractmethod
    def tell(self, sentence: str, *, wrong: bool = False) -> None:
        """Say what came of a request."""

    def _look(self, lens: Lens) -> None:
        if lens != self.seen.lens:
            self.seen.lens = lens
            self.draw()

    def action_cursor(self, columns: int) -> None:
        """Put the cursor on the newest place that is seen, or move it by columns."""
        seen = self.seen
        at = seen.lens.cursor
        self._look(seen.lens.pointed(self._begin() if at is None else at + columns * seen.column, seen.reach))

    def _begin(self) -> float:
        """Return the newest place that is seen, or the middle of a window that lies beside it."""
        window = self.seen.lens.window(self.seen.whole)
        inside = window.first <= self.seen.reach
        return min(self.seen.reach, window.last) if inside else (window.first + window.last) / 2

    def action_scale(self, turn: int) -> None:
        """Look closer or from farther away."""
        lens = self.seen.lens
        around = self._begin() if lens.cursor is None else lens.cursor
        self._look(lens.zoomed(CLOSER if turn < 0 else FARTHER, self.seen.whole, around, self._closest()))

    def _closest(self) -> float:
        return {"steps": 4.0, "epochs": self.seen.whole / 1e5, "times": 2.0}[self.seen.lens.along]

    def action_pan(self, direction: int) -> None:
        """Move a quarter of what is seen to the left or to the right."""
        self._look(self.seen.lens.panned(direction / 4, self.seen.whole))

    def action_whole(self) -> None:
        """Show all again."""
        self._look(Lens(self.seen.lens.along, self.seen.lens.logarithmic))

    def action_axis(self) -> None:
        """Draw along the next of steps, epochs and time."""
        self._look(self.seen.lens.turned())

    def action_scale_values(self) -> None:
        """Change between a linear and a logarithmic axis."""
        lens = self.seen.lens
        self._look(Lens(lens.along, not lens.logarithmic, lens.part, lens.cursor))

    @on(Curve.Pointed)
    def _pointed(self, message: Curve.Pointed) -> None:
        lens, whole = self.seen.lens, self.seen.whole
        if message.turn:
            factor = TURN if message.turn < 0 else 1 / TURN
            self._look(lens.zoomed(factor, whole, message.place, self._closest()))
        else:
            self._look(lens.pointed(message.place, self.seen.reach))

    def action_picture(self) -> None:
        """Save what is on the screen."""
        path = fresh(self.keeps_in, "screen", "svg")
        try:
            self.app.save_screenshot(path.name, str(path.parent))
        except OSError as error:
            self.tell(f"The picture can't be written to {place(path)} ({error.strerror}).", wrong=True)
        else:
            self.tell(f"This screen is in {place(path)}.")

    @work(thread=True, group="values", exit_on_error=False)
    def action_values(self) -> None:
        """Save all curves as a table."""
        path = fresh(self.keeps_in, "curves", "csv")
        try:
            rows = table.write(self.values(), path)
        except Problem as problem:
            self.app.call_from_thread(self.tell, problem.sentence, wrong=True)
        else:
            self.app.call_from_thread(self.tell, f"{rows:,} rows are in {place(path)}.")


def fresh(folder: Path, name: str, suffix: str) -> Path:
    """Return a path in a folder that is not taken yet."""
    number = 1
    while (path := folder / f"{name}-{number}.{suffix}").exists():
        number += 1
    return path
