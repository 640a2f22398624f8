"""Nothing from outside steers the terminal: the last look at what is written, wherever it comes from.

Texts of others are made visible where they are shown (`literal`); this is what stands behind that, so that a place
that forgets it costs a sign and never the terminal.
"""

import re
from collections.abc import Iterable
from typing import Any, TextIO

from tui.words import literal

UNWANTED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls, signs that turn the direction of what follows, and halves of signs."""
FLOOD = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200d\u2060-\u2064\u20d0-\u20ff"
    "\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\U000e0000-\U000e01ef]{8})[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u064b-\u065f"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200d\u2060-\u2064\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\U000e0000-\U000e01ef]+"
)
"""More signs without width on one place than any script writes."""
OURS = re.compile(
    r"(\x1b\[[?<>=]?[\d;:$]*[A-Za-z]"  # places, colours, modes
    r"|\x1b\](?:52;c;[A-Za-z0-9+/=]*|22;[a-z<>=-]*|9;[^\x00-\x1f\x7f-\x9f]*|777;notify;[^\x00-\x1f\x7f-\x9f]*)(?:\x07|\x1b\\)"
    r"|\x1b[=>78]|\r|\n|\x07)"
)
"""What this program sends: Textual's own sequences, what is copied, and the alarms, whose texts are plain."""
COLOUR = re.compile(r"(\x1b\[[\d;]*m|[\n\t\r])")


def same_width(text: str) -> str:
    """Return text without what could steer a terminal, in the same number of cells."""
    if text.isascii() and text.isprintable():
        return text
    from rich.cells import cell_len  # commands do without it

    return FLOOD.sub(r"\1", UNWANTED.sub(lambda sign: "�" * cell_len(sign[0]), text))


def ours(text: str) -> str:
    """Return what goes to the terminal with no other sequences in it than our own."""
    if text.isprintable():
        return text
    return "".join(part if at % 2 else UNWANTED.sub("", part) for at, part in enumerate(OURS.split(text)))


class Guarded:
    """A stream of text on which only lines and colours pass as they are; everything else is made visible."""

    def __init__(self, stream: TextIO) -> None:
        """Write to `stream`."""
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text; return its length."""
        parts = COLOUR.split(text)
        self._stream.write(
            "".join(part if at % 2 else FLOOD.sub(r"\1", literal(part)) for at, part in enumerate(parts))
        )
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
