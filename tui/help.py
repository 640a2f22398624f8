"""Help for whatever is focused: what it is for, as the widget itself says, and the keys that work there now."""

from collections.abc import Iterator
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from tui.layout import hanging
from tui.words import literal


def texts(screen: Screen[Any]) -> Iterator[str]:
    """Yield the help of the focused widget, then that of what it stands in, up to the screen."""
    start = screen.focused or screen
    for node in start.ancestors_with_self:
        text = getattr(node, "help_text", "") or getattr(node, "HELP", "")
        if isinstance(text, str) and text.strip():
            yield literal(" ".join(text.split()))
        if node is screen:
            break


def keys(screen: Screen[Any]) -> Iterator[tuple[str, str]]:
    """Yield sign and meaning of the keys that matter now (not those that move a cursor), one line per action."""
    seen: dict[str, tuple[list[str], str]] = {}
    for _, binding, enabled, tooltip in screen.active_bindings.values():
        if binding.description and enabled and (binding.show or tooltip):
            signs, _ = seen.setdefault(binding.action, ([], tooltip or binding.description))
            signs.append(screen.app.get_key_display(binding))
    for signs, words in seen.values():
        yield " ".join(dict.fromkeys(signs)), words


class HelpScreen(ModalScreen[None]):
    """What `?` opens over any screen; any of Esc, Enter, q and ? closes it."""

    CSS_PATH = "help.tcss"
    BINDINGS = [Binding("escape,enter,q,question_mark,f1", "dismiss", "Close", show=False)]

    def __init__(self, over: Screen[Any]) -> None:
        """`over` is the screen that is explained."""
        super().__init__()
        self.over = over

    def compose(self) -> ComposeResult:
        """Yield the texts, the keys, and how to close."""
        with VerticalScroll(id="help"):
            for text in texts(self.over):
                yield Static(Content(text), classes="text")
            yield Static("", classes="keys")
            yield Static("esc closes this", classes="muted")

    def on_resize(self) -> None:
        """Set the keys anew when the width is known."""
        self.call_after_refresh(self._set_keys)

    def _set_keys(self) -> None:
        text = self.query_one(".keys", Static)
        room = text.content_size.width or 60
        found = list(keys(self.over))
        width = max((len(sign) for sign, _ in found), default=0)
        rows = [hanging(Content.styled(f"{sign.rjust(width)}  ", "bold $accent"), words, room) for sign, words in found]
        text.update(Content("\n").join(rows))

    def on_click(self) -> None:
        """A click anywhere closes the help."""
        self.dismiss()
