"""Small questions over a screen: one line of text, one of a list, or are you sure."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import ClassVar

from textual import events, getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from engine.problem import Problem
from tui.app import Tunewright
from tui.widgets.choices import Choice, Choices
from tui.widgets.entry import Entry, PathEntry, PathSuggester
from tui.widgets.keybar import KeyBar
from tui.widgets.trouble import Trouble

QUIET = 0.5  # seconds after a question appears in which keys do not answer it: they were meant for something else
LONGEST = 2.0  # seconds that a slow line may take to show a question
EARLY = "Keys count in a moment; what was typed before this question does not answer it."
READY = "y does it. Enter, n and Esc do not."


class Ask(ModalScreen[str | None]):
    """Asks for one line; None is Back. `settle` does what the answer asks for: its Problem stands by the field."""

    CSS_PATH = "ask.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("f1", "app.help", "Help", key_display="F1"),
    ]

    app = getters.app(Tunewright)

    @dataclass
    class Settled(Message):
        """The answer has been dealt with, or `trouble` says why not."""

        answer: str
        trouble: str = ""

    def __init__(
        self,
        title: str,
        text: str = "",
        value: str = "",
        *,
        settle: Callable[[str], str] = str,
        path: bool = False,
        secret: bool = False,
        placeholder: str = "",
        trouble: str = "",
        drafts: dict[str, str] | None = None,
    ) -> None:
        """`settle` runs in a thread and returns the answer; `path` completes paths, `secret` hides
        the text, `drafts` keeps what is typed when the person goes back.
        """
        super().__init__()
        self.heading, self.text, self.settle, self.trouble = title, text, settle, trouble
        kind, suggester = (PathEntry, PathSuggester(folders=True)) if path else (Entry, None)
        self.drafts = {} if drafts is None or secret else drafts
        value = self.drafts.get(title, value)
        self.entry = kind(value, help=text, password=secret, suggester=suggester, placeholder=placeholder)

    def compose(self) -> ComposeResult:
        """Yield the question, the field and what is wrong with the answer."""
        with Vertical(id="box") as box:
            box.border_title = Content(self.heading)
            yield Static(Content(self.text), classes="text" if self.text else "empty")
            yield self.entry
            yield Trouble()
        yield KeyBar()

    def on_mount(self) -> None:
        """Say what was wrong with the answer before."""
        self.query_one(Trouble).say(self.trouble)
        self.entry.focus()

    @on(Input.Changed)
    def _keep(self, event: Input.Changed) -> None:
        self.drafts[self.heading] = event.value

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.app.input.wait_for(self._settle(event.value))

    @work(thread=True, exclusive=True, exit_on_error=False)
    def _settle(self, value: str) -> None:
        try:
            self.post_message(self.Settled(self.settle(value)))
        except Problem as problem:
            self.post_message(self.Settled("", problem.sentence))

    @on(Settled)
    def _settled(self, message: Settled) -> None:
        if message.trouble:
            self.query_one(Trouble).say(message.trouble)
            self.entry.focus()
        else:
            self.drafts.pop(self.heading, None)
            self.dismiss(message.answer)

    def action_back(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)


class Choose(ModalScreen[str | None]):
    """Asks for one of a list; returns its id, None is Back."""

    CSS_PATH = "ask.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("question_mark,f1", "app.help", "Help", key_display="?"),
    ]

    def __init__(self, title: str, options: Sequence[Choice], text: str = "") -> None:
        """What is returned is the name of a choice."""
        super().__init__()
        self.heading, self.options, self.text = title, options, text

    def compose(self) -> ComposeResult:
        """Yield the list."""
        with Vertical(id="box") as box:
            box.border_title = Content(self.heading)
            yield Static(Content(self.text), classes="text" if self.text else "empty")
            yield Choices(*self.options)
        yield KeyBar()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_back(self) -> None:
        """Leave without a choice."""
        self.dismiss(None)


class Sure(ModalScreen[bool]):
    """Asks once before something that can't be undone or will likely fail; Enter and Esc mean no.

    What was typed before the question was on the screen, or in the half second after that, is no answer.
    """

    CSS_PATH = "ask.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n,enter,escape", "answer(False)", "No", key_display="n"),
    ]
    app = getters.app(Tunewright)

    def __init__(self, title: str, text: str) -> None:
        """`text` names what will be lost or what will go wrong."""
        super().__init__()
        self.heading, self.text = title, text
        self.counts_from = inf
        """The time from which keys count."""

    def compose(self) -> ComposeResult:
        """Yield the question."""
        with Vertical(id="box") as box:
            box.border_title = Content(self.heading)
            yield Static(Content(self.text), classes="text" if self.text else "empty")
            yield Static(EARLY, id="early")
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin to count when the question can be read."""
        self.call_after_refresh(self._shown, time.monotonic() + LONGEST)

    def _shown(self, latest: float) -> None:
        """Let keys count a little after the terminal has the picture, which takes a while on a slow line."""
        if self.app.wire.free or time.monotonic() > latest:
            self.counts_from = time.monotonic() + QUIET
            self.set_timer(QUIET, self._ready)
        else:
            self.set_timer(QUIET / 10, partial(self._shown, latest))

    def _ready(self) -> None:
        self.counts_from = min(self.counts_from, time.monotonic())
        self.query_one("#early", Static).update(READY)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Offer no answer before keys count."""
        return action != "answer" or time.monotonic() >= self.counts_from

    def on_key(self, event: events.Key) -> None:
        """Drop what was pressed too early; Esc means no at any time."""
        if event.time < self.counts_from:
            event.stop()
            if event.key == "escape":
                self.dismiss(False)

    def action_answer(self, yes: bool) -> None:
        """Hand the answer over."""
        self.dismiss(yes)
