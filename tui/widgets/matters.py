"""The lines of the plan: what was chosen, and why, beside it or below it as the width allows."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.outline import Matter
from tui.words import literal


class Line(Container):
    """One line; a click on it opens its field."""

    def __init__(self, matter: Matter) -> None:
        """`matter` is what the line shows."""
        super().__init__()
        self.matter = matter

    def compose(self) -> ComposeResult:
        """Yield label, choice and reason."""
        yield Static(Content(self.matter.label), classes="label")
        yield Static(Content(literal(self.matter.words)), classes="words")
        if self.matter.why:
            yield Static("▸ why", classes="sign")
            yield Static(Content(literal(self.matter.why)), classes="why")

    def on_click(self, event: events.Click) -> None:
        """Ask for the field behind the line."""
        event.stop()
        self.post_message(Matters.Clicked(self.matter.field))


class Matters(Vertical):
    """All lines of the plan."""

    @dataclass
    class Clicked(Message):
        """A line was clicked; its field is to be edited."""

        field: str

    def show(self, found: Sequence[Matter]) -> None:
        """Show the lines, those that changed anew."""
        now = [line.matter for line in self.query(Line)]
        if now != list(found):
            with self.app.batch_update():
                self.remove_children()
                self.mount(*(Line(matter) for matter in found))
