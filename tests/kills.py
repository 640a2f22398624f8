"""Signals at random moments of a run, which is resumed until it is complete and then held to the unbroken one."""

import hashlib
import os
import random
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import run
from engine.event import EVENTS
from engine.history import History
from tests.forge import _forge, _work, forge, tail
from tests.training import create, curves

SIGNALS = ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGSTOP")
LIMIT = 240.0
"""Seconds that one life of a run may take."""


@dataclass(frozen=True)
class Kill:
    """What is done to one life of a run: a signal, some time after a line of its journal was written."""

    signal: str
    line: int
    delay: float


@dataclass
class Unbroken:
    """A run that nobody disturbs, and a fresh copy of its folder for every other one."""

    fresh: Path
    lines: int
    found: dict[str, Any]


def unbroken(described: dict[str, Any], root: Path) -> Unbroken:
    """Train the run that all others are held to."""
    fresh = create(described, root / "fresh")
    folder, known = forge(described, root / "unbroken")
    return Unbroken(fresh, len((folder / EVENTS).read_bytes().splitlines()), found(folder, known))


def found(folder: Path, known: History) -> dict[str, Any]:
    """Return all that has to be equal: curves, evaluations, results, steps, and the hashes of the final weights."""
    results = (known.finished or {}).get("results") or {}
    weights = sorted((folder / "output" / "model").rglob("*.safetensors"))
    return {
        **{f"curve {name}": points for name, points in curves(known).items()},
        **{name: results.get(name) for name in ("metrics", "samples", "best_step")},
        "steps": known.step,
        "weights": {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in weights},
    }


def kills(chance: random.Random, whole: Unbroken) -> list[Kill]:
    """Return what is done to the first lives of one run: one signal or two, at any line of its journal."""
    count = 2 if chance.random() < 0.3 else 1
    return [
        Kill(chance.choice(SIGNALS), chance.randint(1, whole.lines), chance.choice((0.0, chance.uniform(0, 0.1))))
        for _ in range(count)
    ]


def live(folder: Path, kill: Kill | None) -> str:
    """Let a run live once, with a signal on the way; return the phase in which it came, empty where it came too late."""
    process = _forge().Process(target=_work, args=(str(folder),), daemon=False)
    said = journal(folder)
    process.start()
    end, at = time.monotonic() + LIMIT, ""
    while kill and process.is_alive() and journal(folder) - said < kill.line and time.monotonic() < end:
        time.sleep(0.002)
    if kill:
        time.sleep(kill.delay)
        at = strike(folder, process.pid or 0, kill.signal) if process.is_alive() else ""
    process.join(max(0.0, end - time.monotonic()))
    if process.is_alive():
        process.kill()
        raise AssertionError(f"{kill}: it did not end: {tail(folder)}")
    return at


def journal(folder: Path) -> int:
    """Return how many lines a run has written."""
    try:
        return (folder / EVENTS).read_bytes().count(b"\n")
    except OSError:
        return 0


def strike(folder: Path, pid: int, name: str) -> str:
    """Send a signal, and return the phase that the run is in."""
    phase = run.history(folder).phase or "start"
    try:
        os.kill(pid, getattr(signal, name))
        if name == "SIGSTOP":
            time.sleep(0.2)
            os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:  # it came to its end at this very moment
        return ""
    return phase


def broken(whole: Unbroken, folder: Path, plan: list[Kill]) -> tuple[list[str], list[str]]:
    """Break a run as planned, resume it to its end; return the phases of the signals, and what is not as unbroken."""
    shutil.copytree(whole.fresh, folder)
    phases = [live(folder, kill) for kill in plan if not completed(folder)]
    if not completed(folder):
        live(folder, None)
    known = run.history(folder)
    now = found(folder, known)
    wrong = [name for name in {**whole.found, **now} if whole.found.get(name) != now.get(name)]
    if not completed(folder):
        wrong.insert(0, f"it is {run.state(folder, known)}: {known.failed and known.failed['message']}")
    return phases, wrong


def completed(folder: Path) -> bool:
    """Return whether a run has come to its end."""
    return run.state(folder, run.history(folder)) == "completed"
