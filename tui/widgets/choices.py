"""A list to choose from by Enter or by a click."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option


@dataclass(frozen=True)
class Choice:
    """One thing to choose: `draw` returns what is shown in so many columns; without a `name` it is a heading."""

    name: str
    draw: Callable[[int], Content]
    possible: bool = True


class Choices(OptionList):
    """An option list without a frame, whose Enter stands in the footer; what is shown is Content, never markup."""

    DEFAULT_CSS = """
    Choices { border: none; padding: 0; background: $background; }
    Choices:focus { border: none; }
    """
    BINDINGS = [Binding("enter", "select", "Choose", tooltip="Take the highlighted one and go on")]

    def __init__(self, *choices: Choice, id: str | None = None) -> None:  # noqa: A002
        """The choices can be given now or later, by `offer`."""
        super().__init__(markup=False, id=id)
        self.choices: Sequence[Choice] = ()
        self.offer(choices)

    def offer(self, choices: Sequence[Choice], stand_on: str = "") -> None:
        """Show these choices and stand on one of them, the first where there is no such name."""
        self.choices = choices
        self.clear_options()
        self.add_options(
            Option(choice.draw(self.room), id=choice.name or None, disabled=not (choice.name and choice.possible))
            for choice in choices
        )
        able = [at for at, choice in enumerate(choices) if choice.name and choice.possible]
        self.highlighted = next((at for at in able if choices[at].name == stand_on), able[0] if able else None)
        self.call_after_refresh(self.scroll_to_highlight)

    @property
    def room(self) -> int:
        """The columns that a choice may take."""
        return (self.scrollable_content_region.width or 80) - 1

    def on_resize(self, event: events.Resize) -> None:  # noqa: ARG002
        """Draw the choices anew in the width that there is now."""
        for at, choice in enumerate(self.choices):
            self.replace_option_prompt_at_index(at, choice.draw(self.room))
        self.call_after_refresh(self.scroll_to_highlight)
