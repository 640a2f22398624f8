"""The only reader of a run's events.jsonl: it takes up at the last byte and never reads a line twice."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from engine.event import EVENTS
from engine.history import Event, History
from engine.safe_files import open_regular

BATCH = 1 << 15  # bytes; more at once is slower and leaves holes in the memory
LONGEST = 8 << 20  # bytes of one event; the results of a run with many samples have some hundred thousand
BROKEN = b"{"  # in the place of a line that is longer: it counts as one that can't be read
MARK = 64  # bytes before the reading position that must still be there; else the file is another one


class Follower:
    """Keeps the History of one run folder up to date with its events.jsonl."""

    def __init__(self, folder: Path) -> None:
        """Begin at the first byte of the run in `folder`; nothing is read yet and no file has to be there."""
        self.path = folder / EVENTS
        self._restart()

    def _restart(self) -> None:
        self.history = History()
        self._file = -1
        self._offset = 0
        self._mark = b""
        self._rest: list[bytes] = []
        self._waiting = 0

    def read(self, limit: int | None = None) -> int:
        """Apply what was written since the last call, at most about `limit` bytes of it; return how many events.

        A file that was cut short or replaced starts a new History; one that is gone leaves the old one as it is.
        """
        count = 0
        with suppress(OSError):  # gone, or a network disk that hiccups: what was read stays, the next call goes on
            facts = self.path.stat()
            if (facts.st_ino, facts.st_size) == (self._file, self._offset):
                return 0
            with open_regular(self.path) as file:
                self._meet(file.fileno())
                for block in self._blocks(file.fileno(), limit):
                    count += self._take(block)
        return count

    def _meet(self, file: int) -> None:
        facts = os.fstat(file)
        mark = os.pread(file, len(self._mark), self._offset - len(self._mark))
        if facts.st_ino != self._file or facts.st_size < self._offset or mark != self._mark:
            self._restart()
            self._file = facts.st_ino

    def _blocks(self, file: int, limit: int | None) -> Iterator[bytes]:
        end = sys.maxsize if limit is None else self._offset + limit
        while block := os.pread(file, min(BATCH, max(0, end - self._offset)), self._offset):
            self._offset += len(block)
            self._mark = (self._mark + block)[-MARK:]
            yield block

    def _take(self, block: bytes) -> int:
        lines = self._lines(block)
        events = _read_together(lines)
        if events is None:
            return sum(map(self.take, lines))
        return self.take_all(lines, events)

    def _lines(self, block: bytes) -> list[bytes]:
        """Return the lines that a block completes; of one without an end no more is kept than the longest may have."""
        first, *further = block.split(b"\n")
        if self._waiting <= LONGEST:
            self._rest.append(first)
        self._waiting += len(first)
        if not further:
            return []
        whole, last = b"".join(self._rest), further.pop()
        self._rest, self._waiting = [last], len(last)
        return [whole if len(whole) <= LONGEST else BROKEN, *further]

    def take_all(self, lines: list[bytes], events: list[Event]) -> int:  # noqa: ARG002
        """Take in events that were read from these lines, and return how many; who wants the lines overrides this."""
        self.history.apply_all(events)
        return len(events)

    def take(self, line: bytes) -> bool:
        """Take in one line and return whether it was an event; who wants the events themselves overrides this."""
        if not line.strip():
            return False
        event = _read_alone(line)
        if not isinstance(event, dict):
            self.history.skipped += 1
            return False
        self.history.apply(event)
        return True


def _read_alone(line: bytes) -> Any:
    """Return what a line holds, also one with numbers that strict JSON has no word for; None where it can't be read."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _read_together(lines: list[bytes]) -> list[Event] | None:
    """Return the events of whole lines, read at once; None where a line is no event, so that each is read alone."""
    try:
        events = orjson.loads(b"[%b]" % b",".join(lines))
    except orjson.JSONDecodeError:
        return None
    return events if len(events) == len(lines) and set(map(type, events)) <= {dict} else None
