"""What the questions of the wizard have in common: a place in the conversation, Back, and typed text that is kept."""

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.types import CSSPathType
from textual.widget import Widget
from textual.widgets import Input

from tui.app import Tunewright
from tui.widgets.keybar import KeyBar
from tui.widgets.topline import TopLine
from tui.widgets.trouble import Trouble

if TYPE_CHECKING:
    from tui.wizard import Wizard


class Step(Screen[None]):
    """One question; the wizard awaits `answered`, which says where the conversation goes next."""

    CSS_PATH: ClassVar[CSSPathType | None] = "step.tcss"
    PLACE: ClassVar[str] = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", tooltip="Go back one question; nothing typed is lost")
    ]
    app = getters.app(Tunewright)

    def __init__(self, wizard: "Wizard") -> None:
        """The wizard holds what is answered and what is known."""
        super().__init__()
        self.wizard = wizard
        self.answered: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def compose(self) -> ComposeResult:
        """Yield the frame around the question."""
        yield TopLine(self.PLACE)
        yield from self.question()
        yield KeyBar()

    def question(self) -> ComposeResult:
        """Yield the widgets of the question itself."""
        yield from ()

    def leave(self, to: str) -> None:
        """Answer: the name of the next screen, or "back"."""
        if not self.answered.done():
            self.answered.set_result(to)

    def action_back(self) -> None:
        """Go back one question."""
        self.leave("back")

    def draft(self, name: str, otherwise: str = "") -> str:
        """Return what was typed into a field before, whether it was taken or not."""
        return self.wizard.drafts.get(f"{self.PLACE}.{name}", otherwise)

    @on(Input.Changed)
    def _keep(self, event: Input.Changed) -> None:
        self.wizard.drafts[f"{self.PLACE}.{event.input.id}"] = event.value

    def complain(self, sentence: str, field: Widget) -> None:
        """Show what is wrong beside a field and put the focus there."""
        trouble = field.parent.query_one(Trouble) if isinstance(field.parent, Widget) else self.query_one(Trouble)
        trouble.say(sentence)
        field.focus()
