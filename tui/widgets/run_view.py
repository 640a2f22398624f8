"""Everything that is seen of a run while it trains, drawn from its history."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from engine.history import History
from tui.widgets.curve import Curve, Picture
from tui.widgets.hardware import hardware
from tui.widgets.notice import notice
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

    def __init__(self, name: str) -> None:
        """Show the run that is called `name`."""
        super().__init__()
        self.run_name = name
        self.single = False
        self.chosen = 0

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
        self.query_one("#heading", Spans).show(heading(self.run_name, history, state, now, width, paused=paused))
        stages_ = self.query_one("#stages", Spans)
        stages_.display = bool(steps)
        stages_.show(steps)

    def show_notice(self, history: History, state: str, log: Sequence[str]) -> None:
        """Show what must be known now, and the machine."""
        width, height = self.app.size
        rows = notice(history, state, log[-max(3, height // 2 - 9) :], width)
        self.query_one("#notice", Spans).show(rows)
        self.query_one("#hardware", Spans).show([hardware(history, width)])

    def say(self, sentence: str) -> None:
        """Show in the place of the notice why something could not be done."""
        self.query_one("#notice", Spans).show([(Part(" ✗ ", "wrong"), Part(sentence, "wrong"))])

    def show_curves(self, history: History) -> None:
        """Draw the chosen pictures; what has not changed is neither drawn nor sent."""
        found = pictures(history) if history.begun or history.metrics else []
        planned = float(history.max_steps or max(history.step, 1))
        for name, picture in zip(("#first", "#second"), self._choose(found), strict=True):
            curve = self.query_one(name, Curve)
            curve.display = picture is not None
            if picture is not None:
                curve.plot(picture, planned)

    def _choose(self, found: list[Picture]) -> tuple[Picture | None, Picture | None]:
        if not found:
            return None, None
        if self.single or self.app.size.height < LOW:
            return found[self.chosen % len(found)], None
        rest = found[1:]
        return found[0], rest[self.chosen % len(rest)] if rest else None
