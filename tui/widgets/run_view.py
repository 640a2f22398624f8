"""Everything that is seen of a run while it trains, drawn from its history."""

import math
from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from engine.history import History
from engine.series import Along
from tui.widgets.axes import nice
from tui.widgets.curve import Curve
from tui.widgets.hardware import hardware
from tui.widgets.lens import Lens
from tui.widgets.notice import notice
from tui.widgets.picture import Picture
from tui.widgets.pictures import pictures
from tui.widgets.progress import GOING, heading, stages
from tui.widgets.spans import Part, Spans

LOW = 32  # rows of the terminal below which one curve has the place of two


class RunView(Vertical):
    """Title, phases or curves, notice and machine of one run; showing the same again sends nothing."""

    DEFAULT_CSS = """
    RunView {
        #heading { border-bottom: solid $panel; }
        #body { height: 1fr; }
        #stages { margin: 1 0; display: none; }
        Curve { display: none; }
        #notice { max-height: 50%; }
        #hardware { height: 1; }
    }
    """

    def __init__(self, name: str, *, read_only: bool = False) -> None:
        """Show the run that is called `name`; `order` names the pictures that come first, `hidden` those left out."""
        super().__init__()
        self.run_name = name
        self.single = False
        self.chosen = 0
        self.lens, self.whole, self.reach = Lens(), 1.0, 0.0
        self.order: list[str] = []
        self.hidden: set[str] = set()
        self.read_only = read_only

    def compose(self) -> ComposeResult:
        """Yield the parts from top to bottom."""
        yield Spans(id="heading")
        with Vertical(id="body"):
            yield Spans(id="stages")
            yield Curve(id="first")
            yield Curve(id="second")
        yield Spans(id="notice")
        yield Spans(id="hardware")

    def show_heading(self, history: History, state: str, now: float, *, paused: bool = False) -> None:
        """Show the title and, until the training goes on, the phases with their clock."""
        width = self.app.size.width
        preparing = state in GOING and history.phases and history.phases[-1][0] != "training"
        steps = stages(history, now, width, whole=history.begun is None) if preparing else []
        said = " · view paused" * paused + " · read-only" * self.read_only
        self.query_one("#heading", Spans).show(heading(self.run_name, history, state, now, width, said))
        stages_ = self.query_one("#stages", Spans)
        stages_.display = bool(steps)
        stages_.show(steps)

    def show_notice(self, history: History, state: str, log: Sequence[str], *, gone: bool = False) -> None:
        """Show what must be known now, and the machine."""
        width, height = self.app.size
        rows = notice(history, state, log[-max(3, height // 2 - 9) :], width, gone=gone)
        self.query_one("#notice", Spans).show(rows)
        self.query_one("#hardware", Spans).show([hardware(history, width)])

    def say(self, sentence: str, *, wrong: bool = True) -> None:
        """Show in the place of the notice what came of a request."""
        sign, style = (" ✗ ", "wrong") if wrong else (" ✓ ", "good")
        self.query_one("#notice", Spans).show([(Part(sign, style), Part(sentence, style if wrong else ""))])

    def arranged(self, history: History) -> list[Picture]:
        """Return the pictures that are wanted in the order in which they are wanted, or all where none is."""
        ordered = self._ordered(history)
        return [picture for picture in ordered if picture.name not in self.hidden] or ordered

    def _ordered(self, history: History) -> list[Picture]:
        found = pictures(history) if history.begun or history.metrics else []
        places = {name: index for index, name in enumerate(self.order)}
        return sorted(found, key=lambda picture: places.get(picture.name, len(places)))

    def titles(self, history: History) -> list[tuple[str, str]]:
        """Return the names of all pictures in their order, and how they are called on the screen."""
        return [(picture.name, picture.left[0].text.strip()) for picture in self._ordered(history)]

    def show_curves(self, history: History) -> None:
        """Draw the chosen pictures; what has not changed is neither drawn nor sent."""
        self.whole, self.reach = extent(history, self.lens.along), reach(history, self.lens.along)
        chosen = self._choose(self.arranged(history))
        curves = [self.query_one(name, Curve) for name in ("#first", "#second")]
        resized = any(curve.display is (picture is None) for curve, picture in zip(curves, chosen, strict=True))
        for curve, picture in zip(curves, chosen, strict=True):
            curve.display = picture is not None
            if picture is not None:
                curve.plot(picture, self.whole, self.lens, later=resized)

    def _choose(self, found: list[Picture]) -> tuple[Picture | None, Picture | None]:
        if not found:
            return None, None
        if self.single or self.app.size.height < LOW:
            return found[self.chosen % len(found)], None
        rest = found[1:]
        return found[0], rest[self.chosen % len(rest)] if rest else None

    @property
    def column(self) -> float:
        """Return how much of the axis one column shows."""
        return self.lens.window(self.whole).length / self.query_one("#first", Curve).columns


def extent(history: History, along: Along) -> float:
    """Return how far an axis goes: the planned steps or epochs, or a round time that holds all that has passed."""
    if along == "steps":
        return float(max(history.max_steps or 1, history.step))
    if along == "epochs":
        planned = (history.begun or {}).get("epochs")
        return max(float(planned) if isinstance(planned, (int, float)) else 0.0, history.epoch) or 1.0
    passed = max(1.0, history.last_time - history.first_time)
    if history.finished is not None:
        return passed
    return math.ceil(passed / nice(passed / 5)) * nice(passed / 5)


def reach(history: History, along: Along) -> float:
    """Return where the newest point lies."""
    passed = history.last_time - history.first_time
    return {"steps": float(history.step), "epochs": history.epoch, "times": max(0.0, passed)}[along]
