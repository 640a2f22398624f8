"""What a terminal that is not UTF-8 gets: each sign that it lacks, replaced by one of equal width."""

import sys

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_SIGNS = {
    "─━═┄┈╌▁▔⎺⎽": "-",
    "│┃║▏▕▎▍┆┊": "|",
    "┌┐└┘├┤┬┴┼╭╮╰╯╔╗╚╝╠╣╦╩╬┏┓┗┛": "+",
    "█▇▆▅▐▌▉▊▋": "#",
    "▓▒": "=",
    "░▄▃▂▀": ".",
    "●◉•": "*",
    "○·": ".",
    "✓✔": "v",
    "✗✘×╳": "x",
    "▸›→⇥▶": ">",
    "◂‹←◀": "<",
    "▾▼↓": "v",
    "↵⏎": "|",
    "▴▲↑": "^",
    "…": ".",
    "–—−": "-",
    "≤": "<",
    "≥": ">",
    "⚠": "!",
    "“”": '"',
    "‘’": "'",
    "°": " ",
    "★": "@",
    "◆": "+",
    "■": "#",
    "⟦": "[",
    "⟧": "]",
}
_TABLE = {ord(sign): plain for signs, plain in _SIGNS.items() for sign in signs}


def terminal_is_utf8() -> bool:
    """Return whether what the screen is written to takes UTF-8."""
    encoding = getattr(sys.__stderr__, "encoding", None) or "utf-8"
    return encoding.lower().replace("-", "").replace("_", "") == "utf8"


def ascii_only(text: str) -> str:
    """Return the text in ASCII and in the same width; what has no likeness becomes question marks."""
    return "".join(sign if sign.isascii() else "?" * cell_len(sign) for sign in text.translate(_TABLE))


class Ascii(LineFilter):
    """Replaces every sign outside ASCII just before a line is written."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """Return the segments of one line in ASCII; the background plays no part."""
        return [
            segment if segment.text.isascii() else Segment(ascii_only(segment.text), segment.style, segment.control)
            for segment in segments
        ]
