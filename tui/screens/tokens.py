"""Tokens: rows as the model will see them, asked of the run's own script in a process beside this one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from engine.config import Run
from engine.consent import ConsentNeeded, agree
from engine.problem import Problem
from tui.tokens import LEARNED, Span, heading, spans, totals_lines, wrapped
from tui.widgets.figures import count, one_line
from tui.widgets.keybar import KeyBar
from tui.widgets.topline import TopLine
from tui.widgets.trouble import Trouble
from tui.words import literal

if TYPE_CHECKING:
    from engine.preview import Preview

STYLES = {"trained": "bold $text-success", "masked": "$foreground", "mark": "$text-accent", "sign": "$foreground-muted"}
WAITS = {
    "libraries": "loading the libraries",
    "data": "reading the rows",
    "teacher": "reading the rows",
    "model": "putting a batch together",
}


class TokensScreen(Screen[None]):
    """Shows one row after the other, and what all of them are together."""

    CSS_PATH = "tokens.tcss"
    HELP = (
        "What the model will see: the text with every mark of its template, made by the run's own script. What stands "
        "in brackets is trained on, the rest is only read. The arrows go from row to row; t shows where one token "
        "ends and the next begins. Below are the totals of all rows: what is cut, and how much of a batch is padding."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,n", "move(1)", "Next row", key_display="→"),
        Binding("left,p", "move(-1)", "Previous", key_display="←"),
        Binding("t", "apart", "Text or tokens", tooltip="Show where each token ends, or the text as it reads"),
        Binding("escape", "back", "Back"),
    ]

    @dataclass
    class Said(Message):
        """Something that the process beside this one said."""

        event: dict[str, Any]

    @dataclass
    class Failed(Message):
        """The rows can't be shown."""

        problem: Problem

    def __init__(self, plan: Callable[[], tuple[Run, float | None]]) -> None:
        """`plan` gives the complete run and the seconds that it will take; it is called off this screen's thread."""
        super().__init__()
        self.plan = plan
        self.preview: Preview | None = None
        self.row: dict[str, Any] | None = None
        self.totals: dict[str, Any] = {}
        self.notes: list[str] = []
        self.seconds: float | None = None
        self.number = 0
        self.apart = False

    def compose(self) -> ComposeResult:
        """Yield which row it is, the row, the totals and the keys."""
        yield TopLine("Tokens")
        yield Static("making the plan …", id="which")
        yield Trouble()
        with VerticalScroll(id="row"):
            yield Static("", id="texts")
        yield Static("", id="totals")
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin to load."""
        self.query_one("#row").focus()
        self.listen()

    def on_unmount(self) -> None:
        """End the process."""
        if self.preview is not None:
            self.preview.close()

    @work(thread=True, exclusive=True, exit_on_error=False, group="tokens")
    def listen(self) -> None:
        """Start the process, and pass on what it says until it ends."""
        from engine.preview import Preview

        try:
            run, self.seconds = self.plan()
            self.preview = Preview(run)
            if not self.is_attached:
                self.preview.close()
            for event in self.preview.events():
                self.post_message(self.Said(event))
        except Problem as problem:
            self.post_message(self.Failed(problem))

    @work(group="consent")
    async def ask(self, needed: ConsentNeeded) -> None:
        """Show the code that would run to show the rows, and go on where the person agrees to it."""
        from tui.screens.consent import ConsentScreen

        if await self.app.push_screen_wait(ConsentScreen(needed.codes)):
            agree(needed.codes)
            self.listen()
        else:
            self.dismiss()

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        if isinstance(message.problem, ConsentNeeded):
            self.ask(message.problem)
            return
        if self.row is None:
            self.query_one("#which", Static).update("")
        self.query_one(Trouble).say(message.problem.sentence)

    @on(Said)
    def _said(self, message: Said) -> None:
        event = message.event
        kind = event["type"]
        if kind == "row":
            self.row = event
            self.show_row()
        elif kind in ("totals", "cut"):
            self.totals |= {name: value for name, value in event.items() if name != "type"}
            self.show_totals()
        elif kind == "note" and event["text"] not in self.notes:
            self.notes.append(event["text"])
            self.show_totals()
        elif kind in ("phase", "progress"):
            self.wait_for(event)

    def wait_for(self, event: dict[str, Any]) -> None:
        """Say what is being done: in place of the row before there is one, else in place of the totals."""
        if event["type"] == "phase":
            words = WAITS.get(event["name"], event["name"])
        else:
            total = f" of {count(event['total'])}" if event.get("total") else ""
            words = f"{event['name']} {count(event.get('done') or 0)}{total}"
        if self.row is None:
            self.query_one("#which", Static).update(Content(f"{one_line(words)} …"))
        elif not self.totals:
            self.query_one("#totals", Static).update(Content(f"{one_line(words)} …"))

    def show_row(self) -> None:
        """Draw the row."""
        if self.row is None:
            return
        row, body = self.row, self.query_one("#row", VerticalScroll)
        self.number = row["number"]
        label = f" · label {literal(row['label'])}" if row["label"] else ""
        which = f"example {count(row['number'] + 1)} of {count(row['count'])}{label}"
        how = Content.styled(LEARNED[row["learned"]], "$foreground-muted")
        self.query_one("#which", Static).update(Content.assemble((which, "bold"), "  ", how))
        width = max(20, body.scrollable_content_region.width - 1)
        lines: list[Content] = []
        for text in row["texts"]:
            lines += [Content.styled(heading(row, text), "$foreground-muted")]
            lines += [_line(line) for line in wrapped(spans(text, apart=self.apart), width)]
            lines += [Content("")]
        self.query_one("#texts", Static).update(Content("\n").join(lines))

    def show_totals(self) -> None:
        """Draw the totals, and what is said of the rows."""
        lines = list(totals_lines(self.totals, self.seconds)) if "examples" in self.totals else []
        self.query_one("#totals", Static).update(
            Content("\n").join(Content(literal(line)) for line in lines + self.notes)
        )

    def on_resize(self, _: events.Resize) -> None:
        """Break the lines anew."""
        self.call_after_refresh(self.show_row)

    def action_move(self, by: int) -> None:
        """Ask for a neighbour of the row."""
        if self.row is None or self.preview is None:
            return
        self.number = max(0, min(self.row["count"] - 1, self.number + by))
        self.preview.ask(self.number)
        self.query_one("#row", VerticalScroll).scroll_home(animate=False)

    def action_apart(self) -> None:
        """Show the text as it reads, or where each token ends."""
        self.apart = not self.apart
        self.show_row()

    def action_back(self) -> None:
        """Leave the rows."""
        self.dismiss()


def _line(line: list[Span]) -> Content:
    return Content.assemble(*((span.text, STYLES[span.kind]) for span in line))
