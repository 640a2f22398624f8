"""A text to read, such as a script or a list of files: lines and keys to move in them, nothing else."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Log, Static

from tui.widgets.figures import log_line
from tui.widgets.keybar import KeyBar
from tui.words import literal


class TextScreen(Screen[None]):
    """Shows the lines of a text from its beginning."""

    CSS_PATH = "log.tcss"
    HELP = "A text to read: arrows, page keys and the mouse wheel move in it, and the mouse marks what is to be copied."
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back")]

    def __init__(self, title: str, text: str) -> None:
        """Show `text` under `title`."""
        super().__init__()
        self.heading, self.text = title, text

    def compose(self) -> ComposeResult:
        """Yield the title, the lines and the keys."""
        yield Static(Content(f" {literal(self.heading)}"), id="title")
        yield Log(auto_scroll=False)
        yield KeyBar()

    def on_mount(self) -> None:
        """Fill in the lines."""
        log = self.query_one(Log)
        log.write_lines([log_line(line) for line in self.text.splitlines()])
        log.focus()

    def action_back(self) -> None:
        """Leave the text."""
        self.dismiss()
