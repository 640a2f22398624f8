"""What a goal needs beside model and data: a teacher, or what pays; one field for each, answered before the ranking."""

from dataclasses import dataclass
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from engine.goals.rewards import BUILTIN
from engine.problem import Problem
from engine.tables import table
from engine.typed_path import typed_path
from tui.widgets.entry import PathEntry, PathSuggester, clean_path
from tui.widgets.trouble import Trouble


@dataclass(frozen=True)
class Question:
    """A field that has to be answered, its question, and an example of an answer."""

    field: str
    question: str
    example: str


def demands(goal: str) -> tuple[Question, ...]:
    """Return what a goal needs beside model and data."""
    return tuple(Question(**entry) for entry in table("wizard")["goals"][goal].get("asks", ()))


class Demand(Vertical):
    """One question and its field; Enter posts `Given`."""

    DEFAULT_CSS = """
    Demand { height: auto; margin-bottom: 1; }
    Demand .question { text-style: bold; }
    """

    @dataclass
    class Given(Message):
        """The person answered; `value` is what a run holds under `field`."""

        field: str
        value: Any

    def __init__(self, question: Question, typed: str) -> None:
        """`typed` is what stood in the field before."""
        super().__init__()
        self.question, self.typed = question, typed

    def compose(self) -> ComposeResult:
        """Yield question, field and room for what is wrong."""
        yield Static(self.question.question, classes="question")
        yield PathEntry(
            self.typed,
            id=self.question.field.replace(".", "-"),
            placeholder=self.question.example,
            suggester=PathSuggester(),
            help=f"{self.question.question} Give {self.question.example}.",
        )
        yield Trouble()

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        text = clean_path(event.value)
        if not text:
            self.query_one(Trouble).say(f"give {self.question.example}")
            return
        try:
            value = meant(self.question.field, text)
        except Problem as problem:
            self.query_one(Trouble).say(problem.sentence)
            return
        self.query_one(Trouble).say()
        self.post_message(self.Given(self.question.field, value))


def meant(field: str, text: str) -> Any:
    """Return what was typed as the run holds it: a reward is a function in a file, a rule, or a model."""
    if field != "objective.reward":
        return _whole(text)
    file, colon, name = text.rpartition(":")
    if colon and file.endswith(".py"):
        return {"function": f"{_whole(file)}:{name}"}
    if file == BUILTIN:
        return {"function": text}
    return {"function": _whole(text)} if text.endswith(".py") else {"model": _whole(text)}


def shown(value: Any) -> str:
    """Return a value of such a field as it was typed."""
    return str(next(iter(value.values()), "")) if isinstance(value, dict) else str(value or "")


def _whole(text: str) -> str:
    path = typed_path(text)
    return str(path.resolve()) if path.exists() else text
