"""Which curves are shown, and in which order."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.ascii import terminal_is_utf8
from tui.widgets.keybar import KeyBar
from tui.words import literal


class Arrange(ModalScreen[tuple[list[str], set[str]] | None]):
    """Asks for the order of the curves and which of them are left out; None is Back."""

    HELP = """The curves of this run from top to bottom: the first stands above, g goes through the others."""
    CSS_PATH = "ask.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "show_or_hide", "Show or hide", tooltip="Leave this curve out, or show it again"),
        Binding("K,shift+up", "move(-1)", "Up", key_display="K", tooltip="Move this curve up"),
        Binding("J,shift+down", "move(1)", "Down", key_display="J", tooltip="Move this curve down"),
        Binding("enter", "done", "Done", priority=True, tooltip="Show the curves like this"),
        Binding("escape", "back", "Back"),
    ]

    def __init__(self, names: list[tuple[str, str]], hidden: set[str]) -> None:
        """`names` are the curves' names and titles in their present order."""
        super().__init__()
        self.names, self.hidden = names, set(hidden)

    def compose(self) -> ComposeResult:
        """Yield the list."""
        with Vertical(id="box") as box:
            box.border_title = Content("Curves")
            yield Static(Content("The first stands above; g goes through the others."), classes="text")
            yield OptionList(*self._options())
        yield KeyBar()

    def _options(self) -> list[Option]:
        shown, left_out = ("✓", "·") if terminal_is_utf8() else ("x", "-")
        return [
            Option(Content(f" {left_out if name in self.hidden else shown} {literal(title)}"), id=name)
            for name, title in self.names
        ]

    def _list(self, at: int) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(self._options())
        options.highlighted = at

    @property
    def _at(self) -> int:
        return self.query_one(OptionList).highlighted or 0

    def action_show_or_hide(self) -> None:
        """Leave the marked curve out, or show it again."""
        self.hidden ^= {self.names[self._at][0]}
        self._list(self._at)

    def action_move(self, by: int) -> None:
        """Move the marked curve."""
        at, to = self._at, self._at + by
        if 0 <= to < len(self.names):
            self.names[at], self.names[to] = self.names[to], self.names[at]
            self._list(to)

    def action_done(self) -> None:
        """Hand the order over."""
        self.dismiss(([name for name, _ in self.names], self.hidden))

    def action_back(self) -> None:
        """Leave everything as it was."""
        self.dismiss(None)
