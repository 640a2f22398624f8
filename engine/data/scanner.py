"""A reader of JSON documents of any size: one value after the other, never more than one in memory."""

import io
import json
import re
from typing import Any

from engine.data.opening import LONGEST

CHUNK = 1 << 20
HALF = object()
"""Stands for a value with half a surrogate pair in its text, which no file and no screen could hold."""
_SPACE = re.compile(r"[ \t\r\n]*")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def encodable(value: Any) -> Any:
    """Return the value; raises UnicodeEncodeError when its text cannot be written as UTF-8."""
    json.dumps(value, ensure_ascii=False).encode()
    return value


def number(digits: str) -> int | float:
    """Return a whole number, or the nearest fraction where it has more than 64 bits: no table holds such ones."""
    value = int(digits) if len(digits) < 40 else 2**64
    return value if -(2**63) <= value < 2**64 else float(digits)


class BrokenJson(ValueError):
    """A document that stops making sense at `line`."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


class Scanner:
    """Reads one JSON value after the other out of a text stream, and never holds more than one of them."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream = stream
        self._decoder = json.JSONDecoder(parse_int=number)
        self._text = stream.read(1).removeprefix("\ufeff")
        self._at = 0
        self._counted = 0
        self._lines = 1

    @property
    def line(self) -> int:
        """The line of the next value, from 1."""
        return self._line(self._at)

    def peek(self) -> str:
        """Return the next letter that is no space, or nothing at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, letters: str, expected: str) -> str:
        """Return the next letter and go past it; it must be one of `letters`."""
        letter = self.peek()
        if not letter or letter not in letters:
            found = repr(letter) if letter else "the end of the file"
            raise BrokenJson(self.line, f"expected {expected}, found {found}")
        self._at += 1
        return letter

    def value(self) -> Any:
        """Return the next value and go past it."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._cut_off(error) and self._more():
                    continue
                raise BrokenJson(self._line(error.pos), f"{error.msg.rstrip('.')}") from error
            except RecursionError as error:
                raise BrokenJson(self.line, "nested too deeply") from error
            if end == len(self._text) and self._more():
                continue
            start, self._at = self._at, end
            return self._checked(value, start)

    def _checked(self, value: Any, start: int) -> Any:
        try:
            return encodable(value) if _SURROGATE.search(self._text, start, self._at) else value
        except UnicodeEncodeError:
            return HALF

    def _line(self, position: int) -> int:
        """Count on from where the last count ended; a position before that is on the same line or close to it."""
        if position > self._counted:
            self._lines += self._text.count("\n", self._counted, position)
            self._counted = position
        return self._lines

    def _cut_off(self, error: json.JSONDecodeError) -> bool:
        near_the_end = error.pos >= len(self._text) - 16
        return near_the_end or error.msg.startswith("Unterminated string")

    def _more(self) -> bool:
        pending = len(self._text) - self._at
        chunk = self._stream.read(max(CHUNK, pending)) if pending < LONGEST else ""
        if not chunk:
            return False
        self._line(self._at)
        self._counted = max(0, self._counted - self._at)
        self._text = self._text[self._at :] + chunk
        self._at = 0
        return True
