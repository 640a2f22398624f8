"""Several runs in one picture, with the settings in which they differ below it."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from engine import table
from engine.differences import differences
from engine.history import History
from engine.series import Ticks
from tui.app import Tunewright
from tui.screens.looking import Looking, View
from tui.watching import Watching
from tui.widgets.curve import Curve
from tui.widgets.keybar import KeyBar
from tui.widgets.lens import Lens
from tui.widgets.overlay import MOST, beside, names, overlaid
from tui.widgets.plot import preload
from tui.widgets.run_view import extent, reach
from tui.widgets.spans import Part, Spans

BEAT = 1.0  # seconds between two pictures


class CompareScreen(Looking):
    """Follows up to five runs; the picture shows one measure of all of them."""

    HELP = """One measure of several runs: each has its own line, sign and name, and below stand the settings that are
    not the same in all of them. x draws along epochs or time, where runs of different batch sizes compare better."""
    DEFAULT_CSS = """
    CompareScreen {
        Curve { height: 1fr; }
        #settings { max-height: 40%; margin-top: 1; }
        #settings > .path-1 { color: $accent; }
        #settings > .path-2 { color: $foreground; }
        #settings > .path-3 { color: $accent 80%; }
        #settings > .path-4 { color: $foreground 75%; }
        #settings > .path-5 { color: $accent 65%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "metrics", "Metrics", tooltip="Another measure"),
        Binding("G", "metrics(-1)", "Metric before", show=False, tooltip="The measure before"),
        Binding("escape", "back", "Back", tooltip="Back to the runs"),
    ]

    app = getters.app(Tunewright)
    curve = getters.query_one(Curve)

    class Changed(Message):
        """A run has something new."""

        def can_replace(self, message: Message) -> bool:
            """Let a newer one take the place of one that waits."""
            return isinstance(message, CompareScreen.Changed)

    class Differ(Message):
        """The settings that differ are known."""

        def __init__(self, found: dict[str, list[str]]) -> None:
            """Hold them."""
            super().__init__()
            self.found = found

    def __init__(self, folders: Sequence[Path]) -> None:
        """Compare the runs in these folders, the first five of them."""
        super().__init__()
        self.folders = list(folders)[:MOST]
        self.watchings = [Watching(folder) for folder in self.folders]
        self.lens, self.whole, self.reach = Lens(), 1.0, 0.0
        self.chosen, self.found = 0, None
        self._news = False

    chosen: int
    found: dict[str, list[str]] | None

    def compose(self) -> ComposeResult:
        """Yield the curves, the settings, what came of a request, and the keys."""
        yield Curve()
        yield Settings(id="settings")
        yield Spans(id="notice")
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin to read all of them."""
        self.look()
        for watching in self.watchings:
            self.follow(watching)
        self.set_interval(BEAT, self._beat)

    def on_unmount(self) -> None:
        """Let the reading threads end."""
        for watching in self.watchings:
            watching.end()

    @work(thread=True, group="follow")
    def follow(self, watching: Watching) -> None:
        """Read what is new of one run."""
        preload()
        watching.run(lambda state, log: self.post_message(self.Changed()))  # noqa: ARG005 - only that it changed

    @work(thread=True, group="differ", exit_on_error=False)
    def look(self) -> None:
        """Read the settings."""
        self.post_message(self.Differ(differences(self.folders)))

    @on(Differ)
    def _differ(self, message: Differ) -> None:
        self.found = message.found
        self._show_settings()

    def _show_settings(self) -> None:
        if self.found is not None:
            width, height = self.app.size
            called = [folder.name for folder in self.folders]
            self.query_one(Settings).show(beside(self.found, called, width, max(3, height * 2 // 5 - 1)))

    @on(Changed)
    def _changed(self) -> None:
        self._news = True
        if not self.curve.picture:
            self.draw()

    def _beat(self) -> None:
        if self._news and self.is_active and self.app.wire.free:
            self.draw()

    def on_resize(self) -> None:
        """Fit everything to the new size."""
        self._show_settings()
        self.draw()

    @property
    def histories(self) -> list[History]:
        """Return what is known of the runs."""
        return [watching.history for watching in self.watchings]

    def draw(self) -> None:
        """Draw the chosen measure of all runs."""
        with ExitStack() as locks:
            for watching in self.watchings:
                locks.enter_context(watching.lock)
            known = self.histories
            found = names(known)
            if not found:
                return
            self._news = False
            self.whole = max(extent(history, self.lens.along) for history in known)
            self.reach = max(reach(history, self.lens.along) for history in known)
            called = {folder.name: history for folder, history in zip(self.folders, known, strict=True)}
            self.curve.plot(overlaid(found[self.chosen % len(found)], called), self.whole, self.lens)

    def action_metrics(self, by: int = 1) -> None:
        """Show the next measure, or the one before."""
        self.chosen += by
        self.draw()

    def action_back(self) -> None:
        """Go back to the runs."""
        self.dismiss()

    @property
    def column(self) -> float:
        """Return how much of the axis one column shows."""
        return self.lens.window(self.whole).length / self.curve.columns

    @property
    def seen(self) -> View:
        """Return what holds the lens."""
        return self

    @property
    def keeps_in(self) -> Path:
        """Return the folder of all runs."""
        return self.app.runs

    def values(self) -> list[table.Columns]:
        """Return the curves of all runs, each under the name of its run."""
        found = []
        for folder, watching in zip(self.folders, self.watchings, strict=True):
            with watching.lock:
                for group in table.columns(watching.history):
                    called = tuple(f"{folder.name}/{name}" for name in group.names)
                    ticks: Ticks = group.ticks
                    found.append(table.Columns(ticks, called, group.values))
        return found

    def tell(self, sentence: str, *, wrong: bool = False) -> None:
        """Say what came of a request."""
        sign, style = (" ✗ ", "wrong") if wrong else (" ✓ ", "good")
        self.query_one("#notice", Spans).show([(Part(sign, style), Part(sentence, style if wrong else ""))])


class Settings(Spans):
    """The settings that differ, in the colours of the lines."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"path-1", "path-2", "path-3", "path-4", "path-5"}
