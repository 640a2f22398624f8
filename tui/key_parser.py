"""What a terminal sends in one chunk is read as the keys that were pressed and the text that was pasted.

Textual reads Esc and a key right behind it as Alt with that key (and drops the Esc before Enter, or makes a `^` of it).
A person who presses Esc and then another key over a slow line sends just that, so here Esc stays a key of its own
unless a control sequence begins with it. And what stands in a paste is text, with an Esc in it or without an end.
"""

import re
import time
from collections.abc import Generator, Iterable, Iterator

from textual import events
from textual._parser import ParseTimeout
from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.message import Message

ESC = "\x1b"
BEGINS = frozenset(f"{ESC}[OP]_^X\\\x7fbf")
"""What goes on with a sequence after Esc; b and f are what terminals send for Option with an arrow."""
PIECES = re.compile(f"{ESC}|[^{ESC}]+")
ANSWER = re.compile(f"{ESC}\\[[0-9]+;[0-9]+R")
"""Where the cursor is: a terminal may answer that in the middle of a paste that comes in pieces."""
PASTE, PASTED = f"{ESC}[200~", f"{ESC}[201~"
TORN = 2.0  # seconds without a byte after which a paste without an end is taken as it is


class KeyParser(XTermParser):
    """Reads Esc and the key behind it as two keys, and everything within a paste as its text."""

    def __init__(self, debug: bool = False) -> None:
        """Begin outside of a paste."""
        super().__init__(debug)
        self._sequence, self._last = "", 0.0
        self._paste: str | None = None

    def feed(self, data: str) -> Iterable[Message]:
        """Yield the events of a chunk."""
        self._last = time.monotonic()
        if not data:
            yield from super().feed(data)
        while data:
            if self._paste is None:
                data = yield from self._keys(data)
            else:
                text, end, data = (self._paste + data).partition(PASTED)
                self._paste = text
                if end:
                    yield from self._pasted()

    def tick(self) -> Iterable[Message]:
        """Yield what has waited long enough for more."""
        yield from super().tick()
        if self._paste is not None and time.monotonic() - self._last > TORN:
            yield from self._pasted()

    def _keys(self, data: str) -> Generator[Message, None, str]:
        """Yield keys up to the beginning of a paste, and return what stands behind it."""
        for found in PIECES.finditer(data):
            piece = found.group()
            if self._sequence == ESC and piece[0] not in BEGINS:
                yield from self._pressed()
            known = "" if piece == ESC else self._sequence
            self._sequence = (known + piece)[: len(PASTE)]
            if self._sequence == PASTE:
                length = len(PASTE) - len(known)
                if known != ESC or self._awaiting.timeout is not None:  # else the Esc came so early that it was a key
                    yield from super().feed(piece[:length])
                self._paste, self._sequence = "", ""
                return data[found.start() + length :]
            yield from super().feed(piece)
        return ""

    def _pressed(self) -> Iterator[Message]:
        """Yield the Esc that is waiting for the rest of a sequence, if it has not been given up already."""
        if self._awaiting.timeout is not None:
            self._timeout_time = None
            self._awaiting = self._gen.throw(ParseTimeout())
            while self._tokens:
                yield self._tokens.popleft()

    def _pasted(self) -> Iterator[Message]:
        """Yield the text of the paste, and let keys be keys again."""
        text, self._paste = self._paste or "", None
        yield from (each for each in super().feed(PASTED) if not isinstance(each, events.Paste))
        for answer in ANSWER.findall(text):
            yield from super().feed(answer)
        yield events.Paste(ANSWER.sub("", text).replace("\x00", ""))


def install() -> None:
    """Let the terminal's driver read keys with this parser."""
    vars(linux_driver)["XTermParser"] = KeyParser
