"""Facts that only this user may write: one file in the user's state folder, a JSON object a line, only ever appended.

It is kept with mode 0600 in a folder of mode 0700. A file that others own or may write is not believed.
"""

import fcntl
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from engine.event import measured_file
from engine.problem import Problem

LARGEST = 64 << 20
"""Bytes of the file that are read; it grows by about 300 a run."""
_unwritten: list[dict[str, Any]] = []
"""Records that could not be written (no home, a full disk): they hold until this program ends."""


def state_file() -> Path:
    """Return the file that says what this user agreed to, and which runs this user's tunewright made."""
    return measured_file().with_name("trust.jsonl")


def records() -> list[dict[str, Any]]:
    """Return everything that was written down, the oldest first; a file that others can write raises a Problem."""
    found = []
    try:
        with _opened(os.O_RDONLY) as file:
            text = os.read(file, LARGEST) if os.fstat(file).st_size else b""
    except (FileNotFoundError, NotADirectoryError, RuntimeError):  # the last: a user without a home
        text = b""
    except OSError as error:
        raise _unusable(f"it can't be read ({error.strerror})") from None
    for line in text.splitlines():
        with suppress(ValueError):
            record = json.loads(line)
            found += [record] if isinstance(record, dict) else []
    return [*found, *_unwritten]


def append(*new: dict[str, Any]) -> None:
    """Write records down; where that is impossible they hold until this program ends."""
    lines = "".join(json.dumps(record) + "\n" for record in new).encode()
    try:
        _private_folder()
        with _opened(os.O_RDWR | os.O_APPEND | os.O_CREAT) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = os.fstat(file).st_size
            torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
            os.write(file, b"\n" * torn + lines)
    except (OSError, RuntimeError):
        _unwritten.extend(new)


@contextmanager
def _opened(flags: int) -> Iterator[int]:
    """Open the file without following a link or waiting for a pipe, and check whose it is."""
    file = os.open(state_file(), flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    try:
        seen = os.fstat(file)
        if not stat.S_ISREG(seen.st_mode):
            raise _unusable("it is no regular file")
        if seen.st_uid != os.geteuid():
            raise _unusable("it belongs to another user")
        if seen.st_mode & 0o022:
            raise _unusable("others can write to it")
        home = state_file().parent.stat()
        if home.st_uid != os.geteuid() or home.st_mode & 0o022:
            raise _unusable("others can write to its folder")
        yield file
    finally:
        os.close(file)


def _private_folder() -> None:
    folder = state_file().parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid == os.geteuid() and folder.stat().st_mode & 0o077 and not state_file().exists():
        folder.chmod(0o700)


def _unusable(why: str) -> Problem:
    what = f"the record of what you agreed to is not believed: {why}"
    return Problem(what, where=str(state_file()), advice="remove it; you will be asked anew", code="state")
