"""Fields to type in: a steady cursor, pasted paths made clean, paths completed from the file system."""

import asyncio
import os
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from urllib.parse import unquote, urlparse

from textual import events
from textual.binding import Binding
from textual.suggester import Suggester, SuggestionReady
from textual.widgets import Input

from engine.problem import Problem
from engine.typed_path import typed_path
from tui.widgets.escaped import escape
from tui.widgets.trouble import Trouble
from tui.words import literal

_AT_MOST = 5000


def clean_path(text: str) -> str:
    """Return the path that a person meant by pasted text: no quotes, no `file://`, no backslash before a space."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if len(line) > 1 and line[0] == line[-1] and line[0] in "'\"":
        return line[1:-1]
    if line.startswith("file://"):
        return unquote(urlparse(line).path)
    if "\\" in line and not _exists(line):
        return re.sub(r"\\(.)", r"\1", line)
    return line


def _exists(path: str) -> bool:
    try:
        return typed_path(path).exists()
    except Problem:
        return False


def completions(typed: str) -> Iterator[str]:
    """Yield what the last part of a typed path may become, folders with a slash behind them, hidden ones last."""
    folder, _, stem = typed.rpartition("/")
    try:
        base = typed_path(folder + "/" if typed.startswith("/") and not folder else folder)
        with os.scandir(base) as entries:
            found = [entry for entry in islice(entries, _AT_MOST) if entry.name.startswith(stem)]
    except (OSError, Problem):
        return
    lead = typed[: len(typed) - len(stem)]
    for entry in sorted(found, key=lambda entry: (entry.name.startswith("."), entry.name)):
        yield f"{lead}{entry.name}{'/' if entry.is_dir() else ''}"


class PathSuggester(Suggester):
    """Suggests the first path, or one of some known names, that begins with what is typed."""

    def __init__(self, names: Sequence[str] = (), *, folders: bool = False) -> None:
        """`names` are suggested before paths; `folders`: only folders are, for a file that is to be written."""
        super().__init__(use_cache=False, case_sensitive=True)
        self.names, self.folders = tuple(names), folders

    async def get_suggestion(self, value: str) -> str | None:
        """Return the best completion, read from the file system in a thread."""
        return await asyncio.to_thread(self.complete, value)

    def complete(self, value: str) -> str | None:
        """Return the best completion that is longer than what is typed."""
        names = (name for name in self.names if name.startswith(value))
        found = (name for name in completions(value) if name.endswith("/") or not self.folders)
        candidates = chain(names, found) if value else iter(())
        return next((name for name in candidates if name != value and name.isprintable()), None)

    def is_whole(self, value: str) -> bool:
        """Return whether what is typed is a name or a path already, so that nothing has to be completed."""
        return value in self.names or _exists(value)


class Entry(Input):
    """A one-line field whose cursor stands still (a blinking one sends bytes over the line all day)."""

    BINDINGS = [Binding("enter", "submit", "OK", tooltip="Take what is typed")]

    def __init__(self, value: str = "", *, help: str = "", **options: object) -> None:  # noqa: A002
        """`help` is what `?` says about the field; the options are those of `Input`."""
        super().__init__(value, compact=True, **options)  # type: ignore[arg-type]
        self.cursor_blink = False
        self.help_text = help
        self.taken = ""
        """What was submitted last: text that comes from elsewhere takes its place."""

    def validate_value(self, value: str) -> str:
        """Return the text with everything made visible that could steer the terminal: what is seen is what is taken."""
        return literal(value)

    def on_input_changed(self) -> None:
        """Let what is wrong go with its cause."""
        for trouble in self.screen.query(Trouble):
            trouble.reconsider()

    async def action_submit(self) -> None:
        """Submit what is typed."""
        self.taken = self.value
        await super().action_submit()

    def on_paste(self, event: events.Paste) -> None:
        """Insert what was pasted, with everything that is no printable sign written out."""
        event.prevent_default()
        event.stop()
        text = self.pasted(event.text)
        if self.selection.is_empty:
            self.insert_text_at_cursor(text)
        else:
            self.replace(text, *self.selection)

    def pasted(self, text: str) -> str:
        """Return what is inserted for a pasted text: signs that can't be shown are written out."""
        return escape(text.rstrip("\r\n"))


class PlainEntry(Entry):
    """A field that seldom needs a question mark (numbers, names): `?` opens the help while nothing is typed but `/`."""

    BINDINGS = [
        Binding("enter", "submit", "Take", tooltip="Take what is typed"),
        Binding("question_mark", "help", "Help", key_display="?", priority=True),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Let a question mark be text within text."""
        return action != "help" or self.value in ("", "/")

    def action_help(self) -> None:
        """Open the help."""
        self.app.simulate_key("f1")

    def on_input_changed(self) -> None:
        """Let the keys follow what is typed."""
        super().on_input_changed()
        self.refresh_bindings()


class PathEntry(PlainEntry):
    """A field for a path or a hub id; tab completes it, and what is pasted is made a clean path."""

    BINDINGS = [
        Binding("enter", "submit", "Go on", tooltip="Take what is typed"),
        Binding("tab", "complete", "Complete", show=False, tooltip="Take the suggested path, or go to the next field"),
    ]

    whole = ""
    """What was pasted: it is never completed."""

    def on_paste(self, event: events.Paste) -> None:
        """Take what is pasted as it is."""
        super().on_paste(event)
        self.whole = self.value

    def on_suggestion_ready(self, event: SuggestionReady) -> None:
        """Suggest nothing behind what was pasted."""
        if self.value == self.whole:
            event.prevent_default()

    def pasted(self, text: str) -> str:
        """Return the path that was meant, without signs that no screen can show."""
        return "".join(filter(str.isprintable, clean_path(text)))

    async def action_submit(self) -> None:
        """Take the suggested path where there is one, and submit it."""
        known = isinstance(self.suggester, PathSuggester) and self.suggester.is_whole(self.value)
        suggestion = None if known or self.value == self.whole else self._completion()
        if suggestion is not None:
            self.complete(suggestion)
        await super().action_submit()

    def complete(self, suggestion: str) -> None:
        """Fill in the suggested path."""
        self.value = suggestion
        self.cursor_position = len(suggestion)

    def _completion(self) -> str | None:
        if self.cursor_position < len(self.value) or not isinstance(self.suggester, PathSuggester):
            return None
        return self.suggester.complete(self.value)

    def action_complete(self) -> None:
        """Take the suggestion, or leave the field where there is none."""
        suggestion = self._completion()
        if suggestion is None:
            self.screen.focus_next()
        else:
            self.complete(suggestion)
