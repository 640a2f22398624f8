"""The runs of a folder: one row each, a cursor, and only changed cells repainted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.widget import Widget

from tui.widgets.figures import count
from tui.widgets.progress import STYLES, WORDS
from tui.widgets.spans import Part, Row, Spans, shorten
from tui.words import literal

if TYPE_CHECKING:
    from engine.listing import Summary

SIGNS = {"running": "▸", "elsewhere": "▸", "completed": "✓", "stopped": "■", "failed": "✗", "died": "✗", "created": "·"}
COLUMNS = {"state": 12, "run": 30, "goal": 7, "model": 22, "progress": 16, "result": 18, "begun": 13}
NARROW = {"state": 12, "run": 32, "progress": 16, "result": 18}
RESULT = 24  # columns that a result may take at most; what it needs beyond its usual room, the name gives
WIDE = 118


class RunsTable(Spans, can_focus=True):
    """Lists runs; Enter or a click on the marked one opens it."""

    HELP = """The runs of this folder: those going on first, then the newest.
    ▸ goes on, ✓ is done, – is done and no better than the base model, ■ was stopped, ✗ ended badly."""
    DEFAULT_CSS = """
    RunsTable > .cursor { background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", tooltip="See this run live, or its results"),
        Binding("space", "mark", "Mark", show=False, tooltip="Mark this run, to compare it with others"),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "move(-10)", "Ten up", show=False),
        Binding("pagedown", "move(10)", "Ten down", show=False),
        Binding("home", "move(-1000000)", "First", show=False),
        Binding("end", "move(1000000)", "Last", show=False),
    ]

    @dataclass
    class Opened(Message):
        """A run was chosen."""

        summary: "Summary"

    @dataclass
    class Pointed(Message):
        """The cursor stands on this run, or on none."""

        summary: "Summary | None"

    def __init__(self) -> None:
        """Begin with no runs."""
        super().__init__()
        self.summaries: list[Summary] = []
        self.cursor = 0
        self.marked: list[Path] = []

    @property
    def chosen(self) -> "Summary | None":
        """Return the run under the cursor."""
        return self.summaries[self.cursor] if self.summaries else None

    def list_runs(self, found: "Sequence[Summary]") -> None:
        """Show these runs; the cursor stays on its run."""
        marked = self.chosen.folder if self.chosen else None
        self.summaries = list(found)
        folders = [summary.folder for summary in found]
        self.marked = [folder for folder in self.marked if folder in folders]
        self.move_to(folders.index(marked) if marked in folders else self.cursor)

    def move_to(self, index: int) -> None:
        """Put the cursor on a run, or on the nearest there is."""
        self.cursor = max(0, min(index, len(self.summaries) - 1))
        layout = columns(self.app.size.width, self.summaries)
        self.show([self._row(summary, layout, index) for index, summary in enumerate(self.summaries)])
        self.post_message(self.Pointed(self.chosen))
        if isinstance(self.parent, Widget):
            self.parent.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False)

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.move_to(self.cursor + by)

    def _row(self, summary: "Summary", layout: dict[str, int], index: int) -> Row:
        return _row(summary, layout, here=index == self.cursor, marked=summary.folder in self.marked)

    def action_mark(self) -> None:
        """Mark the run under the cursor, or take its mark away; the cursor goes on."""
        if self.chosen is not None:
            folder = self.chosen.folder
            self.marked = (
                [each for each in self.marked if each != folder] if folder in self.marked else [*self.marked, folder]
            )
            self.move_to(self.cursor + 1)

    def action_open(self) -> None:
        """Open the run under the cursor."""
        if self.chosen is not None:
            self.post_message(self.Opened(self.chosen))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; on the marked run, open it."""
        if event.y == self.cursor:
            self.action_open()
        elif event.y < len(self.summaries):
            self.move_to(event.y)


def columns(width: int, summaries: "Sequence[Summary]") -> dict[str, int]:
    """Return how wide the columns of a list are."""
    layout = COLUMNS if width >= WIDE else NARROW
    longest = max((cell_len(literal(summary.metric)) + 1 for summary in summaries), default=0)
    more = max(0, min(RESULT, longest) - layout["result"])
    return {**layout, "run": layout["run"] - more, "result": layout["result"] + more}


def titles(width: int, summaries: "Sequence[Summary]" = ()) -> Row:
    """Return the names of the columns."""
    layout = columns(width, summaries)
    return (Part("  " + "".join(name.ljust(room) for name, room in layout.items()), "muted"),)


def _row(summary: "Summary", layout: dict[str, int], *, here: bool, marked: bool) -> Row:
    texts = _texts(summary)
    words = (shorten(literal(texts[name]), room - 1) for name, room in layout.items())
    padded = [text + " " * (room - cell_len(text)) for text, room in zip(words, layout.values(), strict=True)]
    mark = "•" if marked else " "
    if here:
        return (Part(f"›{mark}{''.join(padded)}", "cursor"),)
    state = "accent" if summary.state in ("running", "elsewhere") else STYLES.get(summary.state, "muted")
    state = "warning" if _beaten(summary) else state
    return (Part(f" {mark}{padded[0]}", state), Part("".join(padded[1:])))


def _beaten(summary: "Summary") -> bool:
    """Return whether a completed run has no checkpoint that beats the base model."""
    return summary.state == "completed" and summary.best is not None and summary.best.beats_base is False


def _texts(summary: "Summary") -> dict[str, str]:
    done = "" if not summary.max_steps else f"{summary.step / summary.max_steps:.0%} of {count(summary.max_steps)}"
    word = "training" if summary.state == "running" else WORDS[summary.state]
    begun = datetime.fromtimestamp(summary.started).strftime("%d %b %H:%M") if summary.started else ""
    return {
        "state": "– no better" if _beaten(summary) else f"{SIGNS[summary.state]} {word}",
        "run": summary.name + (" (edited)" if summary.edited else ""),
        "goal": summary.goal,
        "model": summary.model if len(summary.model) < COLUMNS["model"] else Path(summary.model).name,
        "progress": done.replace("%", " %"),
        "result": summary.metric,
        "begun": begun,
    }
