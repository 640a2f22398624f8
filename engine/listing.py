"""The list of runs: one line each, read from the two ends of their journals."""

from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from engine import remarks
from engine.best import Best, best
from engine.command import described as command_of
from engine.event import EVENTS
from engine.history import History
from engine.problem import Problem
from engine.run import GOING, State, state
from engine.run_folder import folders, is_edited, load, written
from engine.safe_files import open_regular

END = 64 * 1024
LONGEST = 256 * 2**20  # bytes of a journal in which evaluations between its ends are looked for
TELLING = (b'"evaluated"', b'"checkpoint"', b'"begun"', b'"started"')
LATEST = 1e11
"""Seconds since 1970 up to which something can be a time: the year 5138."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of the list of runs."""

    folder: Path
    name: str
    state: State
    goal: str
    model: str
    step: int
    max_steps: int | None
    metric: str
    started: float | None
    edited: bool
    note: str = ""
    tags: tuple[str, ...] = ()
    best: Best | None = None


def listing(runs: Path) -> list[Summary]:
    """Return a line per run: those going on first, then the newest."""
    found = []
    for folder in folders(runs):
        with suppress(FileNotFoundError):  # deleted while this list is made
            found.append(_line(folder))
    return sorted(found, key=lambda line: (line.state not in GOING, -(line.started or 0.0)))


def _line(folder: Path) -> Summary:
    """Return a run's line; what is so odd in its folder that even this fails costs only its own."""
    try:
        return _summary(folder)
    except FileNotFoundError:
        raise
    except Exception as error:  # noqa: BLE001 - a folder may come from anybody, and the other runs are to be seen
        what = f"its folder can't be read ({type(error).__name__}: {error})"[:200]
        return Summary(folder, folder.name, "created", "?", "?", 0, None, "", None, edited=False, note=what)


def _summary(folder: Path) -> Summary:
    known = glance(folder)
    goal, model = _describe(folder)
    written_about = remarks.note(folder)
    found = best(known)
    return Summary(
        folder=folder,
        name=folder.name,
        state=state(folder, known),
        goal=goal,
        model=model,
        step=known.step,
        max_steps=known.max_steps,
        metric=found.text if found else "",
        started=_begun(known) or written(folder) / 1e9,
        edited=is_edited(folder),
        note=written_about,
        tags=remarks.tags(written_about),
        best=found,
    )


def _begun(known: History) -> float | None:
    time = (known.started or {}).get("time")
    return time if isinstance(time, (int, float)) and 0 < time < LATEST else None


def _describe(folder: Path) -> tuple[str, str]:
    """Return goal and model of a run; a file that was read before, and has not changed, is not read again."""
    with suppress(OSError):
        facts = (folder / "run.yaml").lstat()
        return _described(folder, (facts.st_ino, facts.st_size, facts.st_mtime_ns))
    return _described(folder, None)


@lru_cache(maxsize=1024)
def _described(folder: Path, _: tuple[int, int, int] | None) -> tuple[str, str]:
    try:
        described = load(folder)
    except Problem:
        words = command_of(folder)
        return ("script", " ".join(words)) if words else ("?", "?")
    if described.model.origin:
        return described.goal, f"from {described.model.origin}"
    name = Path(described.model.id)
    return described.goal, name.name if name.is_absolute() else described.model.id


def glance(folder: Path) -> History:
    """Return what the two ends of a run's journal tell, and its evaluations: enough for a line and its state."""
    import orjson

    known = History()
    try:
        with open_regular(folder / EVENTS) as file:
            size = file.seek(0, 2)
            file.seek(0)
            text = file.read() if size <= 2 * END else _long(file, size)
    except OSError:
        return known
    for line in text.split(b"\n")[:-1]:
        try:
            event: Any = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(event, dict):
            known.apply(event)
    return known


def _long(file: IO[bytes], size: int) -> bytes:
    """Return both ends of a long journal and, where it has no results yet, what lies between them of evaluations."""
    first = file.read(END).rpartition(b"\n")[0] + b"\n"
    file.seek(size - END)
    last = file.read().partition(b"\n")[2]
    if b'"finished"' in last or size > LONGEST:
        return first + last
    file.seek(len(first))
    between = file.read(size - len(last) - len(first))
    return first + b"".join(line for line in between.splitlines(True) if any(word in line for word in TELLING)) + last
