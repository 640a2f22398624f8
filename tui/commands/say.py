"""What a command prints: plain lines, one JSON document, whole texts; nothing from outside steers the terminal."""

import sys
from collections.abc import Iterable
from typing import Any, TextIO

from tui.words import literal


def say(line: str = "") -> None:
    """Print one line; control characters in it are made visible, and it is there at once for who reads along."""
    _print(line, sys.stdout)


def say_all(lines: Iterable[str]) -> None:
    """Print several lines."""
    for line in lines:
        say(line)


def complain(line: str) -> None:
    """Print one line on stderr, where neither a pipe nor a program that wants JSON meets it."""
    _print(line, sys.stderr)


def warn(line: str) -> None:
    """Print a warning on stderr."""
    complain(f"warning: {line}")


def emit(document: Any) -> None:
    """Print one JSON document; in ASCII, so that it passes through every terminal and pipe as it is.

    What JSON has no word for becomes null (NaN) or text (a date, a path).
    """
    import json

    from engine.event import clean

    print(json.dumps(clean(document), indent=2, allow_nan=False), flush=True)


def write(text: str) -> None:
    """Print a whole text such as a script: byte for byte into a file or a pipe, harmless on a terminal."""
    if sys.stdout.isatty():
        for line in text.splitlines():
            say(line.expandtabs())
    else:
        sys.stdout.buffer.write(text.encode("utf-8"))
        sys.stdout.flush()


def is_terminal() -> bool:
    """Return whether a person sits at both ends: keys come from a terminal, and the screen is one."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _print(line: str, stream: TextIO) -> None:
    text = literal(line)
    if not text.isascii() and (stream.encoding or "utf-8").lower().replace("-", "") != "utf8":
        from tui.ascii import ascii_only

        text = ascii_only(text)
    print(text, file=stream, flush=True)
