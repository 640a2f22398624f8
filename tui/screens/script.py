"""The whole script, to read and to write to a file."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen

from tui.widgets.keybar import KeyBar
from tui.widgets.script_view import ScriptView
from tui.widgets.topline import TopLine


class ScriptScreen(Screen[str]):
    """Shows train.py over the plan; returns what is to be written to a file: script, notebook, or nothing."""

    BINDINGS = [
        Binding("enter", "write('script')", "Write to a file", tooltip="Choose where, then write the script"),
        Binding("n", "write('notebook')", "Notebook", tooltip="Choose where, then write the same as a notebook"),
        Binding("escape,x", "back", "Back"),
    ]

    def __init__(self, text: str, lines: Sequence[Content]) -> None:
        """`lines` are the text in its colours."""
        super().__init__()
        self.text, self.lines = text, lines

    def compose(self) -> ComposeResult:
        """Yield the text between top line and footer."""
        yield TopLine("Script")
        yield ScriptView(whole=True)
        yield KeyBar()

    def on_mount(self) -> None:
        """Show the script from its first line."""
        view = self.query_one(ScriptView)
        view.show(self.text, self.lines)
        view.focus()

    def action_write(self, form: str) -> None:
        """Go on to the question where to."""
        self.dismiss(form)

    def action_back(self) -> None:
        """Go back to the plan."""
        self.dismiss("")
