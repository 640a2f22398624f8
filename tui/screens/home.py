"""Home: the runs of this folder, those that go on first, and what can be done with them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static
from textual.worker import get_current_worker

from engine.remarks import matches
from tui.app import Tunewright
from tui.screens.deletion import Deletion
from tui.widgets.figures import plural
from tui.widgets.keybar import KeyBar
from tui.widgets.progress import GOING
from tui.widgets.runs_table import RunsTable, titles
from tui.widgets.spans import Spans
from tui.widgets.topline import TopLine
from tui.words import literal, place

if TYPE_CHECKING:
    from engine.listing import Summary

LOOK_EVERY = 2.0  # seconds between two looks at the folder while a run goes on
IDLE = 5  # as many times rarer while none does
EMPTY = "No runs here yet. Press n: three questions, and a model is trained."


class HomeScreen(Deletion):
    """The list of runs in `root`; it lies under all other screens."""

    HELP = """tunewright teaches a model what your examples show: three questions, a plan with its costs, a training
    that you can watch and leave, and at the end the model with the Python script that made it."""
    # Textual does not load the CSS_PATH of the screen that an app begins with
    DEFAULT_CSS = """
    HomeScreen {
        #empty { padding: 1 2; }
        #titles, #runs { display: none; }
        #runs { height: 1fr; scrollbar-size-vertical: 1; }
        #note { display: none; height: auto; padding: 0 2; color: $text-muted; }
        #said { height: auto; padding: 0 2; }
        &.-some #empty { display: none; }
        &.-some #titles, &.-some #runs { display: block; }
        &.-high #titles { margin-top: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New", tooltip="Teach a model something: three questions, then a plan"),
        Binding("r", "repeat", "Repeat", tooltip="Open this run's plan, change it and start it again"),
        Binding("d,delete", "delete", "Delete", key_display="d", tooltip="Move this run to the trash"),
        Binding("u", "undo", "Undo", tooltip="Bring back the run that was deleted last"),
        Binding("E", "empty_trash", "Empty trash", show=False, tooltip="Remove the deleted runs for good"),
        Binding("q", "app.quit", "Quit", tooltip="Leave; a training goes on"),
        Binding("slash", "filter", "Find", key_display="/", tooltip="Show only runs with these words in them"),
        Binding("t", "note", "Note", tooltip="Write a line about this run, with #tags in it to find it by"),
        Binding("c", "compare", "Compare", tooltip="The curves of the marked runs in one picture, and how they differ"),
    ]

    app = getters.app(Tunewright)

    @dataclass
    class Listed(Message):
        """The runs have been read."""

        found: "list[Summary]"

        def can_replace(self, message: Message) -> bool:
            """Let a newer list take the place of one that waits."""
            return isinstance(message, HomeScreen.Listed)

    @dataclass
    class Said(Message):
        """Something to tell below the list."""

        sentence: str
        wrong: bool = False

    def __init__(self, root: Path, *, below: bool = False) -> None:
        """List the runs below `root`; `below`: something else is opened first, and this is seen when that is left."""
        super().__init__(root)
        self._below = below
        self._beats = 0
        self._found: list[Summary] = []
        self._wanted = ""
        self._about: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        """Yield the machine's line, the runs or what to do without any, and the keys."""
        yield TopLine("Home")
        yield Static(Content(EMPTY), id="empty")
        yield Spans(id="titles")
        with VerticalScroll(id="runs", can_focus=False):
            yield RunsTable()
        yield Static(id="note")
        yield Static(id="said")
        yield KeyBar()

    def on_mount(self) -> None:
        """Keep the list up to date."""
        self.set_interval(LOOK_EVERY, self._beat)

    def on_screen_resume(self) -> None:
        """Look as soon as the screen stands, at the start and whenever one comes back; not below a run to be shown."""
        if self._below:
            self._below = False
            return
        self.app.look_once()
        self.call_after_refresh(self._look_first)

    def _look_first(self) -> None:
        """Look before the next key is handled: it means a run of the list as it is now."""
        self.app.input.wait_for(self.look())

    def on_resize(self) -> None:
        """Show as many columns as the width takes."""
        self._show(self._found)

    def _beat(self) -> None:
        self._beats += 1
        going = any(summary.state in GOING for summary in self._found)
        if self.is_active and (going or self._beats % IDLE == 0):
            self.look()

    @work(thread=True, exclusive=True, group="look")
    def look(self) -> None:
        """Read the ends of all runs' events; the list arrives as `Listed`."""
        from engine.listing import listing  # brings pydantic: 0.1 s that the first picture need not wait for

        worker = get_current_worker()
        try:
            found = listing(self.root)
            if not worker.is_cancelled:  # or an older list would take the place of a newer one
                self.post_message(self.Listed(found))
        except FileNotFoundError:
            return  # a run was deleted, here or elsewhere, while it was being read: the next look sees the others
        except OSError as error:
            self.say(f"{place(self.root)} can't be read ({error.strerror}).", wrong=True)

    @on(Listed)
    def _listed(self, message: Listed) -> None:
        if self.is_active:  # a screen below the top one that repaints makes that one repaint too
            self._show(message.found)

    def _show(self, found: "list[Summary]") -> None:
        if bool(found) != self.has_class("-some"):
            self.set_class(bool(found), "-some")
            self.call_after_refresh(self.table.focus)
            self.call_after_refresh(self.refresh_bindings)
        self._found = found
        self.table.list_runs([each for each in found if matches(each, self._wanted)] if self._wanted else found)
        self.query_one("#titles", Spans).show([titles(self.app.size.width, self.table.summaries)])

    def say(self, sentence: str, *, wrong: bool = False) -> None:
        """Tell something below the list, from any thread."""
        self.post_message(self.Said(sentence, wrong))

    @on(Said)
    def _said(self, message: Said) -> None:
        line = self.query_one("#said", Static)
        line.update(Content(f"{'✗ ' if message.wrong else ''}{literal(message.sentence)}"))
        line.set_class(message.wrong, "wrong")
        self._about = self._pointed_at()
        self.refresh_bindings()
        if not message.wrong:
            self._look_first()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Offer what needs a run only where there is one, and what changes one only to who may change it."""
        if self.app.read_only and action in ("new", "repeat", "delete", "note", "undo", "empty_trash"):
            return False
        if action == "undo":
            return bool(self.deleted)
        one = ("repeat", "delete", "compare", "note")
        if action == "filter":
            return bool(self._found)
        return bool(self.table.summaries) if action in one and self.is_mounted else True

    @on(RunsTable.Opened)
    def _open(self, message: RunsTable.Opened) -> None:
        self.app.open_run(message.summary.folder)

    def action_new(self) -> None:
        """Ask the three questions."""
        self.app.new_run()

    def action_repeat(self) -> None:
        """Open the plan of the chosen run."""
        if (chosen := self.table.chosen) is not None:
            self.app.repeat(chosen.folder)

    def action_compare(self) -> None:
        """Draw the marked runs in one picture."""
        from tui.screens.compare import CompareScreen

        marked = self.table.marked
        if len(marked) < 2:
            self.say("Mark at least two runs with space, then c compares them.", wrong=True)
        else:
            self.app.push_screen(CompareScreen(marked))

    def _pointed_at(self) -> tuple[object, ...]:
        return (self.table.chosen and self.table.chosen.folder, *self.table.marked)

    @on(RunsTable.Pointed)
    def _pointed(self, message: RunsTable.Pointed) -> None:
        said = self.query_one("#said", Static)
        if said.has_class("wrong") and self._about != self._pointed_at():
            said.update("")  # what was wrong with another run, or with other marks
            said.remove_class("wrong")
        text = message.summary.note if message.summary else ""
        line = self.query_one("#note", Static)
        line.display = bool(text)
        line.update(Content(literal(text)))

    @work
    async def action_filter(self) -> None:
        """Ask for words, and show only the runs that have them all."""
        from tui.screens.ask import Ask

        text = "Words of a run's name, goal, model, state or note, or a #tag; nothing shows all runs again."
        wanted = await self.app.push_screen_wait(Ask("Show only", text, self._wanted))
        if wanted is None:
            return
        self._wanted = wanted.strip()
        self._show(self._found)
        shown = (
            f"{len(self.table.summaries)} of {plural(len(self._found), 'run')} with '{self._wanted}'; / changes that"
        )
        self.query_one("#said", Static).update(Content(literal(shown) if self._wanted else ""))

    @work
    async def action_note(self) -> None:
        """Ask for the line about the chosen run."""
        from engine.remarks import write_note
        from tui.screens.ask import Ask

        if (chosen := self.table.chosen) is None:
            return

        def settle(text: str) -> str:
            write_note(chosen.folder, text)
            return text

        text = "One line about this run. Words that begin with # are tags; nothing takes the note away."
        if await self.app.push_screen_wait(Ask(literal(chosen.name), text, chosen.note, settle=settle)) is not None:
            self._look_first()
