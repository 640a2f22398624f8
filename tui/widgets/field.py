"""A form field built from a field of the run: its help is the description, its choices and bounds are the type's."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic.fields import FieldInfo
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList, Static

from engine.problem import Problem
from tui.widgets.choices import Choice, Choices
from tui.widgets.entry import Entry, PlainEntry
from tui.widgets.trouble import Trouble
from tui.widgets.value import bounds, choices, is_text, read, written


class FieldForm(Vertical):
    """Help, bounds and an editor for one field; Enter posts `Edited` with the checked value, or `Refused`."""

    DEFAULT_CSS = """
    FieldForm { height: auto; }
    FieldForm Choices { height: auto; max-height: 8; }
    FieldForm .why { color: $text-muted; }
    FieldForm .bounds { color: $text-muted; }
    """

    @dataclass
    class Edited(Message):
        """A person gave the field a value that it may hold."""

        name: str
        value: Any

    @dataclass
    class Refused(Message):
        """What a person typed is no value for the field."""

        name: str
        sentence: str

    def __init__(self, name: str, info: FieldInfo, value: Any, why: str = "", typed: str = "") -> None:
        """`name` is dotted, `why` is the guide's reason for the value, `typed` what was typed before and not taken."""
        super().__init__()
        self.field, self.info, self.value, self.why, self.typed = name, info, value, why, typed

    def compose(self) -> ComposeResult:
        """Yield name, help, editor, trouble, bounds and reason."""
        help_text = self.info.description or ""
        yield Static(Content.assemble((self.field, "bold"), f"  {help_text}"))
        offered = choices(self.info)
        if offered:
            yield Choices(*(Choice(choice, partial(_plain, choice)) for choice in offered))
        else:
            kind = Entry if is_text(self.info) else PlainEntry
            yield kind(self.typed or written(self.value, self.info), help=help_text, id="value")
        yield Trouble()
        if not offered:
            yield Static(Content(f"it is {bounds(self.info)}"), classes="bounds")
        if self.why:
            yield Static(Content(f"▸ why   {self.why}"), classes="why")

    def on_mount(self) -> None:
        """Stand on the value that the field has."""
        offered = choices(self.info)
        now = written(self.value, self.info)
        if now in offered:
            self.query_one(Choices).highlighted = offered.index(now)

    def edit(self) -> None:
        """Put the focus into the editor."""
        self.query("Choices, Entry").first().focus()

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        self.take(event.value)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.take(str(event.option_id))

    def take(self, text: str) -> None:
        """Post the value that a text stands for, or say what is wrong with it."""
        try:
            value = read(text, self.info, self.field)
        except Problem as problem:
            self.post_message(self.Refused(self.field, problem.sentence))
            return
        self.query_one(Trouble).say()
        self.post_message(self.Edited(self.field, value))

    def complain(self, sentence: str) -> None:
        """Say what is wrong below the editor."""
        self.query_one(Trouble).say(sentence)


def _plain(text: str, _: int) -> Content:
    return Content(text)
