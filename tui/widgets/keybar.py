"""The footer: the keys that work here, as many as fit whole; everything else is in the palette."""

from typing import Any, NamedTuple

from textual import events
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

_LAST = ("back", "help", "command_palette")


class Key(NamedTuple):
    """One entry: the key that is pressed, how it is written, what it does."""

    key: str
    sign: str
    words: str
    last: bool

    @property
    def width(self) -> int:
        """Return the columns that the entry takes with the space behind it."""
        return Content(f"{self.sign} {self.words}").cell_length + 2


class KeyBar(Widget):
    """Shows this screen's own keys, then Back, Help and Everything; where room is short, own keys drop from the end."""

    DEFAULT_CSS = """
    KeyBar { dock: bottom; height: 1; background: $footer-background; color: $footer-foreground; padding: 0 1; }
    """
    ALLOW_SELECT = False

    def on_mount(self) -> None:
        """Follow the keys that change with the focus."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, _: Screen[Any]) -> None:
        self.refresh()

    def fitting(self) -> list[Key]:
        """Return the entries that fit, in the order in which they stand."""
        active = self.screen.active_bindings.values()
        found: dict[str, Key] = {}
        for _, binding, enabled, _ in active:
            action = binding.action.rpartition(".")[2]
            if action == "command_palette":
                found[action] = Key(binding.key, self.app.get_key_display(binding), "Everything", True)
            elif binding.show and enabled and action not in found:
                sign = self.app.get_key_display(binding)
                found[action] = Key(binding.key, sign, binding.description, action in _LAST)
        last = [found[action] for action in _LAST if action in found]
        room = self.content_size.width - sum(key.width for key in last)
        first: list[Key] = []
        for key in (key for key in found.values() if not key.last):
            if key.words in (other.words for other in first):
                continue
            room -= key.width
            if room < 0:
                break
            first.append(key)
        return first + last

    def render(self) -> Content:
        """Return the line."""
        parts = [Content.assemble((key.sign, "bold $footer-key-foreground"), f" {key.words}") for key in self.fitting()]
        return Content("  ").join(parts)

    def on_click(self, event: events.Click) -> None:
        """Press the key whose words were clicked."""
        position = event.get_content_offset(self)
        start = 0
        for key in self.fitting():
            if position is not None and start <= position.x < start + key.width - 2:
                self.app.simulate_key(key.key)
            start += key.width
