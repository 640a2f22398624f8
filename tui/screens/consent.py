"""Shows code of others before it runs, all of it with path and hash, and asks once whether it may."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, TypeVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Log, Static

from engine.code import NAMES, Code
from engine.consent import ConsentNeeded, agree
from engine.problem import Problem
from tui.screens.ask import EARLY, Sure
from tui.widgets.figures import log_line
from tui.widgets.keybar import KeyBar
from tui.words import literal

Result = TypeVar("Result")
WARNING = (
    "It was not written by this program. It may do whatever you may: read your files, use your tokens, the network."
)


class ConsentScreen(Sure):
    """Asks whether code of others may run; Enter and Esc mean no."""

    CSS_PATH = "consent.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Run it", tooltip="Agree, and remember that for this path and this hash"),
        Binding("n,enter,escape", "answer(False)", "No", key_display="n", tooltip="Run nothing"),
    ]

    def __init__(self, codes: Sequence[Code]) -> None:
        """Show every file of `codes`."""
        super().__init__("Run this code?", "\n".join(_heading(codes)))
        self.codes = codes

    def compose(self) -> ComposeResult:
        """Yield what asks to run, the code itself, and the keys."""
        with Vertical(id="box", classes="code") as box:
            box.border_title = self.heading
            yield Static(Content(self.text))
            yield Static(Content(WARNING), id="warning")
            yield Log(auto_scroll=False)
            yield Static(EARLY, id="early")
        yield KeyBar()

    def on_mount(self) -> None:
        """Fill in the code, to be scrolled from its first line."""
        super().on_mount()
        log = self.query_one(Log)
        log.write_lines([log_line(line) for line in _lines(self.codes)])
        log.focus()


def _heading(codes: Sequence[Code]) -> Iterator[str]:
    for code in codes:
        yield literal(f"{NAMES[code.kind]}: {code.path}")
        yield f"sha256 {code.sha256}" if code.files else "not downloaded yet: it can't be shown"


def _lines(codes: Sequence[Code]) -> Iterator[str]:
    for code in codes:
        for file in code.files:
            yield f"── {file.name} · sha256 {file.sha256}"
            yield from file.text.splitlines()
            yield ""


async def consented(app: App[Any], act: Callable[[], Result]) -> Result:
    """Do something in a thread that may run code of others; what the person agrees to is remembered and done.

    Without consent it raises a Problem; code that changes while it is read is asked for again.
    """
    while True:
        try:
            return await asyncio.to_thread(act)
        except ConsentNeeded as needed:
            if not await app.push_screen_wait(ConsentScreen(needed.codes)):
                raise Problem("nothing is run without your consent to the code") from None
            agree(needed.codes)
