"""The line to the terminal: nothing is sent twice, and no picture is drawn while the one before is still on its way."""

import re
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from rich.cells import cell_len

from tui.harmless import ours

if TYPE_CHECKING:
    from textual.driver import Driver

TOKEN = re.compile(r"(\x1b\[[0-9;]*[mH]|\r?\n)")
PICTURE = re.compile(r"\x1b\[[0-9;]*H")
"""What every picture begins with."""
RESET = "\x1b[0m"
ASK = "\x1b[6n" * 2
"""Asks where the cursor is: the answer says that everything before it has arrived, however long the line is.

It is asked twice, because a terminal that reads in small pieces may see one of both torn in two.
"""
WINDOW = 1200  # bytes that may be on their way unasked; a calm picture a second stays below it
SILENT = 4.0  # seconds after which a terminal that never answered is taken for one that does not know the question
LOST = 6.0  # seconds after which an answer is not waited for any more
now = time.monotonic


class Look(NamedTuple):
    """How cells look, each part as the terminal is told it."""

    manner: tuple[str, ...] = ()
    ink: str = "39"
    paper: str = "49"


PLAIN = Look()


@lru_cache(maxsize=1024)
def look(codes: str) -> Look:
    """Return what the codes of one sequence make of plain cells."""
    parts = [part or "0" for part in codes.split(";")]
    manner: list[str] = []
    ink, paper = PLAIN.ink, PLAIN.paper
    while parts:
        code = parts.pop(0)
        if code in ("38", "48"):
            size = 4 if parts[:1] == ["2"] else 2
            colour, parts = ";".join((code, *parts[:size])), parts[size:]
            ink, paper = (colour, paper) if code == "38" else (ink, colour)
        elif len(code) > 1 and code[:-1] in ("3", "9"):
            ink = code
        elif len(code) > 1 and code[:-1] in ("4", "10"):
            paper = code
        else:
            manner.append(code)
    return Look(tuple(manner), ink, paper)


@lru_cache(maxsize=4096)
def change(before: Look, after: Look) -> str:
    """Return the shortest sequence that makes one look of another."""
    if before == after:
        return ""
    changed = [new for old, new in zip(before[1:], after[1:], strict=True) if old != new]
    if before.manner == after.manner:
        return f"\x1b[{';'.join(changed)}m"
    whole = [new for new, plain in zip(after[1:], PLAIN[1:], strict=True) if new != plain]
    return (
        f"\x1b[{';'.join(('0', *after.manner, *whole))}m"
        if before != PLAIN or after == PLAIN
        else (f"\x1b[{';'.join((*after.manner, *whole))}m")
    )


def lean(text: str) -> str:
    """Return the same picture in fewer bytes: a colour or a place is named only where it is not the present one.

    The text must begin and end with plain colours, as every picture does.
    """
    return "".join(_lean(text))


def _lean(text: str) -> Iterator[str]:
    have, wanted = PLAIN, PLAIN
    place: tuple[int, int] | None = None
    for token in TOKEN.split(text):
        if not token:
            continue
        if token.startswith("\x1b[") and token.endswith("m"):
            wanted = look(token[2:-1]) if token not in (RESET, "\x1b[m") else PLAIN
        elif TOKEN.fullmatch(token):
            there = _moved(token)
            if there is None or there != place:
                yield token
            place = there
        else:
            after = _blank(have, wanted) if token.isspace() else wanted
            yield change(have, after)
            yield token
            have = after
            place = (place[0], place[1] + cell_len(token)) if place and token.isprintable() else None
    yield change(have, PLAIN)


def _blank(have: Look, wanted: Look) -> Look:
    """Return the look in which a space is written: its ink is not seen unless it is reversed or underlined."""
    return wanted if wanted.manner else Look((), have.ink, wanted.paper)


def _moved(token: str) -> tuple[int, int] | None:
    if token.endswith("\n"):
        return None
    row, _, column = token[2:-1].partition(";")
    return int(row or 1), int(column or 1)


@runtime_checkable
class Waiting(Protocol):
    """A screen that draws when the line is free."""

    def line_is_free(self) -> None:
        """Draw what has waited."""


class Wire:
    """What is known of the line: how much has been sent, and whether the terminal has seen it.

    `veiled`: pictures are not sent at all, until what was asked for can be seen on them.
    """

    def __init__(self, *, slow: bool = False) -> None:
        """Begin with a line that is free; on one that is `slow`, little is sent of what only looks alive."""
        self.slow = slow
        self.sent = 0
        self.veiled = False
        self.send: Callable[[str], object] = bool  # nothing, before there is a terminal
        self._asked: float | None = None
        self._answers: bool | None = None

    def question(self, size: int) -> str:
        """Return what to send after `size` more bytes: a question when there are many, and none is open."""
        self.sent += size
        if self._answers is False or self._asked is not None or self.sent < WINDOW:
            return ""
        self.sent, self._asked = 0, now()
        return ASK

    def answered(self) -> None:
        """Take in that the terminal has seen everything up to the last question."""
        self._asked, self._answers = None, True

    @property
    def free(self) -> bool:
        """Return whether a picture may be drawn: what was sent before has arrived."""
        if self._asked is None:
            return True
        waited = now() - self._asked
        if waited < (LOST if self._answers else SILENT):
            return False
        self._asked, self._answers = None, bool(self._answers)
        return True


def leaner(driver: Any, wire: Wire) -> "type[Driver]":
    """Return a driver that sends less, asks the terminal how far it is, and can be frozen at any moment."""

    class Leaner(driver):  # type: ignore[misc]
        suspended = False

        def start_application_mode(self) -> None:
            """Begin, and be reachable for what is no picture."""
            wire.send = self.write
            super().start_application_mode()

        def write(self, data: str) -> None:
            """Write what is needed of a text."""
            if wire.veiled and PICTURE.match(data):
                return
            short = lean(ours(data))
            super().write(short + wire.question(len(short.encode("utf-8", "replace"))))

        def suspend_application_mode(self) -> None:
            """Leave the terminal to others."""
            self.suspended = True
            super().suspend_application_mode()

        def resume_application_mode(self) -> None:
            """Take the terminal back; who was only frozen has never left it, and begins nothing twice."""
            if self.suspended:
                self.suspended = False
                super().resume_application_mode()
            else:
                self.send_message(self.SignalResume())

    return Leaner
