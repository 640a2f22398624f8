"""A run while it trains: curves, progress, machine and warnings, and the few things that can be done to it."""

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from engine import run as runs
from engine import table
from engine.history import History
from tui.alarm import Alarm
from tui.screens.controls import Controls
from tui.watching import Watching
from tui.widgets.curve import Curve
from tui.widgets.keybar import KeyBar
from tui.widgets.plot import preload
from tui.widgets.progress import GOING
from tui.widgets.run_view import RunView
from tui.words import literal

BEAT = 1.0  # seconds between two pictures, and between two movements of the clock
LAYOUTS = 2  # refreshes after which the pieces of a curve are there that the first picture needs
SLOW_BEAT = 5.0  # the same on a line that is said to be slow
LINGER = 1.5  # seconds in which the finished curves stay before the results take their place
now: Callable[[], float] = time.time


class TrainScreen(Controls):
    """Follows one run folder; leaving it, or losing the terminal, does nothing to the training."""

    HELP = """The run as it goes. The faint line is the loss of every step, the bold one its smoothed course, and each ●
    an evaluation on rows that are never trained on: when that one rises while the loss falls, the model is learning
    the rows by heart. ★ is the best of them; on the axis ◆ is a checkpoint, ! a warning, × a value that is no number.
    The training is a process of its own: leaving this screen, closing the terminal or losing the
    connection does nothing to it."""
    CSS_PATH = "train.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "results", "Results", tooltip="Before and after, and what to do with the model"),
        Binding("r", "resume", "Resume", tooltip="Go on from the last checkpoint"),
        Binding("s", "stop", "Stop and save", tooltip="Finish this step, save a checkpoint and end"),
        Binding("d", "detach", "Detach", tooltip="Leave the program; the training goes on"),
        Binding("l", "log", "Log", tooltip="What the libraries printed"),
        Binding("g", "metrics", "Metrics", tooltip="Another measure in the lower curve"),
        Binding("G", "metrics(-1)", "Metric before", show=False, tooltip="The measure before"),
        Binding("z", "zoom", "Maximise", tooltip="One large curve or two"),
        Binding("m", "arrange", "Curves", tooltip="Choose and order the curves"),
        Binding("space", "pause", "Pause view", tooltip="Keep this picture still; the training goes on"),
        Binding("escape", "back", "Back", tooltip="Back to the runs; the training goes on"),
    ]

    view = getters.query_one(RunView)

    @dataclass
    class Changed(Message):
        """The run is not what it was; `state` and `log` are the whole of what is not in the history."""

        state: runs.State
        log: list[str]

        def can_replace(self, message: Message) -> bool:
            """Let a newer one take the place of one that waits: it only says that everything is to be shown anew."""
            return isinstance(message, TrainScreen.Changed)

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        """Follow the run in `folder`; `read_only` offers nothing that changes it."""
        super().__init__()
        self.read_only = read_only
        self.folder = folder
        self.watching = Watching(folder)
        self.alarm = Alarm(None, folder.name)
        self.state: runs.State | None = None
        self.log_tail: list[str] = []
        self.paused = False
        self._news = False
        self._whole = self._due = self._lost = False
        self._results_wait = False

    def compose(self) -> ComposeResult:
        """Yield what is seen of the run, and the keys."""
        yield RunView(self.called, read_only=self.read_only)
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin to read, and to keep the clock going."""
        self.alarm = Alarm(self.app.alarm, self.called)
        self.follow()
        self.set_interval(SLOW_BEAT if self.app.wire.slow else BEAT, self._beat)

    def on_unmount(self) -> None:
        """Let the reading thread end."""
        self.watching.end()

    @work(thread=True, exclusive=True, group="follow")
    def follow(self) -> None:
        """Read what is new and tell the screen."""
        preload()
        self.watching.run(lambda state, log: self.post_message(self.Changed(state, log)))

    @on(Changed)
    def _changed(self, message: Changed) -> None:
        lost, self._lost = self._lost, self.watching.gone
        before, self.state, self.log_tail = self.state, message.state, message.log
        self._news = True
        self.alarm.sound(self.alarm.look(self.known, message.state), self.app.wire.send)
        whole, self._whole = self._whole, self.watching.caught_up
        if self.is_active and (before != self.state or whole != self._whole or lost != self._lost):
            self.refresh_bindings()
            self.show_all()
            if self.known.begun is None and not self.known.metrics:
                self._unveil()
        if before in GOING and self.state == "completed" and self.watching.history.results is not None:
            self._results_wait = True
            self.set_timer(LINGER, self._move_on)

    @on(Curve.Sized)
    def _unveil(self, layouts: int | Curve.Sized = LAYOUTS) -> None:
        """Let the first picture be seen when everything has its size and its content."""
        left = layouts if isinstance(layouts, int) else LAYOUTS
        if left:
            self.call_after_refresh(self._unveil, left - 1)
        else:
            self.app.unveil()

    def _move_on(self) -> None:
        if self._results_wait and self.is_active:
            self.action_results()

    def on_screen_resume(self) -> None:
        """Show what happened while something lay over this screen; under it nothing is repainted."""
        self.refresh_bindings()
        self.show_all()
        self._move_on()

    def on_resize(self) -> None:
        """Fit everything to the new size."""
        self.show_all()

    def _beat(self) -> None:
        if self.paused or not self.is_active or self.state is None or not self.app.wire.free:
            return
        if self._news:
            self.show_all()
        elif self.state in GOING:
            self.show_heading()

    def line_is_free(self) -> None:
        """Draw what came while the line was busy: only the newest of it."""
        if self._due and self.is_active:
            self.show_all()

    def show_all(self) -> None:
        """Show everything; what has not changed is neither drawn nor sent, and nothing while the line is busy."""
        if self.state is None:
            return
        self._due = not self.app.wire.free
        if self._due:
            self._news = True
            return
        self._news = False
        self.show_heading()
        with self.watching.lock:
            self.view.show_notice(self.watching.history, self.state, self.log_tail, gone=self.watching.gone)
            self.view.show_curves(self.watching.history)

    def show_heading(self) -> None:
        """Show the title and the phases: all that has a clock in it."""
        with self.watching.lock:
            self.view.show_heading(self.watching.history, self.state or "created", now(), paused=self.paused)

    def action_pause(self) -> None:
        """Keep the picture still, or let it move again."""
        self.paused = not self.paused
        self.show_all()

    @property
    def called(self) -> str:
        """Return what it is called on the screen."""
        return self.folder.name

    @property
    def known(self) -> History:
        """Return the run's history."""
        return self.watching.history

    @property
    def seen(self) -> RunView:
        """Return what holds the lens."""
        return self.view

    @property
    def keeps_in(self) -> Path:
        """Return the run's own folder."""
        return self.folder

    def values(self) -> list[table.Columns]:
        """Return the run's curves as they are now."""
        with self.watching.lock:
            return table.columns(self.watching.history)

    def draw(self) -> None:
        """Draw the curves anew."""
        if not self.app.wire.free:
            self._due = True
            return
        with self.watching.lock:
            self.view.show_curves(self.watching.history)

    def tell(self, sentence: str, *, wrong: bool = False) -> None:
        """Say below the curves what came of a request."""
        self.view.say(sentence, wrong=wrong)

    @work
    async def action_arrange(self) -> None:
        """Choose and order the curves."""
        from tui.screens.arrange import Arrange

        with self.watching.lock:
            names = self.view.titles(self.watching.history)
        found = await self.app.push_screen_wait(Arrange(names, self.view.hidden))
        if found is not None:
            self.view.order, self.view.hidden = found
            self.draw()

    def action_metrics(self, by: int = 1) -> None:
        """Show the next measure, or the one before."""
        self.view.chosen += by
        self.draw()

    def action_zoom(self) -> None:
        """Show one large curve, or two."""
        self.view.single = not self.view.single
        self.show_all()

    def action_log(self) -> None:
        """Open the log."""
        from tui.screens.log import LogScreen

        self.app.push_screen(LogScreen(self.folder))

    def action_results(self) -> None:
        """Open before and after in the place of this screen."""
        from tui.screens.results import ResultsScreen

        self._results_wait = False
        self.app.switch_screen(ResultsScreen(self.folder))

    def action_back(self) -> None:
        """Go back to the runs."""
        self.dismiss()

    def action_detach(self) -> None:
        """Leave the program and say how to come back."""
        here = self.folder.parent == self.app.runs.absolute()
        name = shlex.quote(self.folder.name if here else str(self.folder))
        said = f"{literal(self.folder.name)} goes on. Come back with:\n  tunewright watch {literal(name)}"
        self.app.exit(message=Text(said, no_wrap=True, overflow="ignore"))
