"""What kind of file it is, and following it: read anew whenever it has changed."""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from engine.foreign import offline_wandb, tables, tensorboard, text_log, trainer_state
from engine.history import Event, History
from engine.problem import Problem

Reader = Callable[[Path], Iterator[Event | None]]
CALM = 10.0  # the share of the time in which a growing file is not read: ten times as long as reading it takes
TOGETHER = 2048  # events that are taken in at once
KNOWN = "trainer_state.json, TensorBoard event files, the .wandb file of an offline run, CSV, JSON lines, printed logs"


class Foreign:
    """Keeps the History of a file, or of a folder with such files, up to date."""

    def __init__(self, path: Path) -> None:
        """Read what lies at `path`; a Problem says that it is none of the known formats."""
        self.path, self._reader = find(path)
        self.history = History()
        self._seen: tuple[tuple[str, int, int], ...] = ()
        self._due = 0.0

    def read(self, limit: int | None = None) -> int:  # noqa: ARG002 - a Follower's place is taken
        """Read it anew if it has changed, and return how many events that were; a file that is gone stays seen."""
        seen = _signature(self.path)
        if seen == self._seen or not seen or time.monotonic() < self._due:
            return 0
        start, fresh, count = time.monotonic(), History(), 0
        fresh.apply({"type": "begun", "from_step": 0, "max_steps": None})
        with suppress(OSError):
            for events in _batches(self._reader(self.path), fresh):
                fresh.apply_all(events)
                count += len(events)
            self.history, self._seen = fresh, seen
        self._due = time.monotonic() + CALM * (time.monotonic() - start)
        return count


def _batches(events: Iterator[Event | None], history: History) -> Iterator[list[Event]]:
    batch: list[Event] = []
    for event in events:
        if event is None:
            history.skipped += 1
            continue
        batch.append(event)
        if len(batch) == TOGETHER:
            yield batch
            batch = []
    yield batch


def _signature(path: Path) -> tuple[tuple[str, int, int], ...]:
    """Return what changes when a file, or a file in a folder, does."""
    found = []
    with suppress(OSError):
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            facts = file.stat()
            found.append((file.name, facts.st_size, facts.st_mtime_ns))
    return tuple(found)


def find(path: Path) -> tuple[Path, Reader]:
    """Return where the curves are and what reads them; a Problem says what can be read."""
    if path.is_dir():
        return _in_folder(path)
    try:
        with path.open("rb") as file:
            begin = file.read(65536)
    except OSError as error:
        raise Problem(f"this can't be read ({error.strerror})", where=str(path), advice="see its name") from None
    if begin.startswith(offline_wandb.BEGIN):
        return path, offline_wandb.read
    if len(begin) >= 12 and tensorboard.checksum(begin[:8]) == int.from_bytes(begin[8:12], "little"):
        return path, tensorboard.read
    text = begin.decode("utf-8-sig", "replace").lstrip()
    if text.startswith("{") and _begins_with_json(text):
        whole = '"log_history"' in text or path.name == "trainer_state.json"
        return path, trainer_state.read if whole else tables.read_lines
    if text_log.is_log(text):
        return path, text_log.read
    if tables.looks_like_table(text.partition("\n")[0]):
        return path, tables.read_csv
    raise Problem("there are no curves in this that can be read", where=str(path), advice=f"known are {KNOWN}")


def _begins_with_json(text: str) -> bool:
    """Return whether an object begins here, and not one as Python prints it."""
    return re.match(r"\{\s*['a-zA-Z]", text) is None


def _in_folder(folder: Path) -> tuple[Path, Reader]:
    if list(folder.glob("*tfevents*")):
        return folder, tensorboard.read
    for pattern in ("trainer_state.json", "checkpoint-*/trainer_state.json", "*.wandb", "latest-run/*.wandb"):
        found = sorted(folder.glob(pattern), key=os.path.getmtime)
        if found:
            return found[-1], trainer_state.read if pattern.endswith(".json") else offline_wandb.read
    raise Problem("there are no curves in this folder", where=str(folder), advice=f"known are {KNOWN}")


def first(path: Path) -> Foreign:
    """Return a file of others with its curves read; a Problem says why there are none."""
    found = Foreign(path)
    found.read()
    if not found.history.metrics and not found.history.evaluated:
        lines = f"; {found.history.skipped} records can't be read" if found.history.skipped else ""
        raise Problem(f"there is no curve in it{lines}", where=str(found.path), advice=f"known are {KNOWN}")
    return found
