"""The log of a run: everything that the libraries printed, as text, growing while it is watched."""

import os
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Log, Static

from engine.safe_files import open_regular
from tui.widgets.figures import log_line
from tui.widgets.keybar import KeyBar
from tui.words import literal

TAIL = 1 << 18  # bytes of an old log that are shown: the end is what matters, and libraries print a lot
EVERY = 0.5


class LogScreen(Screen[None]):
    """Shows log.txt from near its end on, and what is added to it."""

    CSS_PATH = "log.tcss"
    HELP = """Everything that the libraries printed during this run. A run that goes well can be understood without it;
    when one fails, the reason stands near the end."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("end", "end", "To the end", tooltip="Show the newest lines and follow them"),
        Binding("escape,l", "back", "Back", key_display="esc"),
    ]

    def __init__(self, folder: Path) -> None:
        """Show the log of the run in `folder`."""
        super().__init__()
        self.path = folder / "log.txt"
        self.position = -1
        self._rest = b""

    def compose(self) -> ComposeResult:
        """Yield the title, the lines and the keys."""
        yield Static(Content(f" {literal(self.path.parent.name)} · log"), id="title")
        yield Log(max_lines=20_000)
        yield KeyBar()

    def on_mount(self) -> None:
        """Show what is there, then follow."""
        self.query_one(Log).focus()
        self.read()
        self.set_interval(EVERY, self.read)

    def read(self) -> None:
        """Append the whole lines that were written since the last time."""
        try:
            with open_regular(self.path) as file:
                size = file.seek(0, os.SEEK_END)
                if not 0 <= self.position <= size:
                    self._begin(max(0, size - TAIL))
                file.seek(self.position)
                data = file.read(TAIL)
        except OSError:
            return
        self.position += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if lines:
            self.query_one(Log).write_lines([log_line(line.decode("utf-8", "replace")) for line in lines])

    def _begin(self, offset: int) -> None:
        self.position, self._rest = offset, b""
        log = self.query_one(Log).clear()
        if offset:
            log.write_line(f"… the first {offset:,} bytes are in {literal(str(self.path))}")

    def action_end(self) -> None:
        """Go to the newest line."""
        self.query_one(Log).scroll_end(animate=False)

    def action_back(self) -> None:
        """Leave the log."""
        self.dismiss()
