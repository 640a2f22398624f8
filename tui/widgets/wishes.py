"""The guide's questions: at most three, each on one line, and the advice follows every answer at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Select, Static

from engine.guide import Question


class WishList(Vertical):
    """One select for each question; nothing has to be answered."""

    DEFAULT_CSS = """
    WishList { height: auto; margin-bottom: 1; }
    WishList Horizontal { height: 1; }
    WishList .label { width: 48; color: $text-muted; }
    WishList Select { width: 1fr; height: 1; }
    Screen.-low WishList { margin-bottom: 0; }
    """
    HELP = (
        "Questions that change the advice. None has to be answered; what is left open changes nothing. "
        "Enter opens the choices, the arrows move, Enter takes one."
    )

    @dataclass
    class Wished(Message):
        """Another answer, or one taken back."""

        said: dict[str, str]

    def __init__(self, questions: Sequence[Question], said: Mapping[str, str]) -> None:
        """`said` is what was answered before, choice by question."""
        super().__init__()
        self.questions, self.said = questions, said

    def compose(self) -> ComposeResult:
        """Yield the questions."""
        for question in self.questions:
            with Horizontal():
                yield Static(question.text, classes="label")
                yield Select[str](
                    [(Text(text), name) for name, text in question.choices.items()],
                    value=self.said.get(question.id, Select.NULL),
                    prompt="open",
                    compact=True,
                    id=f"wish-{question.id}",
                )

    @on(Select.Changed)
    def _changed(self, event: Select.Changed) -> None:
        event.stop()
        chosen = {question.id: self.query_one(f"#wish-{question.id}", Select).value for question in self.questions}
        self.post_message(self.Wished({name: value for name, value in chosen.items() if isinstance(value, str)}))
