"""The process of a run: how it is started, how it stands, and what can be asked of it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Literal

from engine.event import EVENTS
from engine.follow import Follower
from engine.history import History
from engine.liveness import is_here, is_locked, kill_below, lives, signal_run
from engine.problem import Problem
from engine.run_folder import load, refuse_command, tail_log
from engine.safe_files import open_to_append, write

State = Literal["created", "running", "completed", "stopped", "failed", "died", "elsewhere", "file"]
"""How a run stands; `file`: it is no run but curves that others wrote."""
WORKER = Path(__file__).parent / "worker" / "__main__.py"
GOING = ("running", "elsewhere")
LEAST_ROOM = 2**20
"""Bytes that have to be free on the disk of a run, so that its worker can say what it does."""


def launch(folder: Path, *, python: str | None = None, after: Path | None = None) -> None:
    """Start the worker in a session of its own: closing the terminal, or this program, does nothing to it.

    With `after` it waits until that run has ended, in whatever way.
    """
    known = history(folder)
    if known.finished is not None or known.failed is not None:
        _let_go(folder)
    if is_locked(folder) or state(folder, known) in GOING:
        raise Problem("this run is going on already", where=folder.name, advice=f"tunewright watch {folder.name}")
    if after is not None:
        check_going(after)
    around = allowed(folder)
    _check_room(folder)
    command = [python_of(python), "-P", str(WORKER), str(folder), *(["--after", str(after)] if after else [])]
    said = journal_size(folder)
    try:
        with open_to_append(folder / "log.txt") as log:
            worker = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                start_new_session=True,
                env=environment() | around,
            )
    except OSError as error:
        advice = "name a Python that has the training libraries with --python or TUNEWRIGHT_PYTHON"
        raise Problem(f"the worker can't be started ({error.strerror})", where=command[0], advice=advice) from None
    first_word(worker, folder, said)


def allowed(folder: Path) -> dict[str, str]:
    """Return the environment of a run whose code this user has agreed to; raises ConsentNeeded for any other."""
    from engine.consent import before_launch  # with pydantic: who only looks at runs need not wait for it
    from engine.network import environment as network

    described = load(folder)
    return network(described) | before_launch(folder, described)


def check_going(folder: Path) -> None:
    """Raise a Problem unless a run goes on here, so that another can wait for its end."""
    if not is_locked(folder):
        what = "this run is not going on here: there is nothing to wait for"
        raise Problem(what, where=folder.name, advice="leave --after out, or see tunewright runs")


def disk_is_full(folder: Path) -> bool:
    """Return whether the disk of a run has no room for a word."""
    return folder.exists() and shutil.disk_usage(folder).free < LEAST_ROOM


def _check_room(folder: Path) -> None:
    if disk_is_full(folder):
        what = f"the disk of this run is full (less than {LEAST_ROOM >> 20} MiB free)"
        raise Problem(what, where=str(folder), advice="free some space first", code="disk_full")


def _let_go(folder: Path) -> None:
    """Wait for a worker that has said its last word and is on its way out."""
    end = time.monotonic() + 20
    while is_locked(folder) and time.monotonic() < end:
        time.sleep(0.05)


def environment() -> dict[str, str]:
    """Return the worker's environment: its words come at once, and its threads sleep while they wait.

    Threads that spin make two trainings on the same cores five times slower than one after the other; measured.
    """
    return {"OMP_WAIT_POLICY": "PASSIVE", **os.environ, "PYTHONUNBUFFERED": "1"}


def python_of(given: str | None) -> str:
    """Return the Python that trains: the given one, TUNEWRIGHT_PYTHON, or this one."""
    return given or os.environ.get("TUNEWRIGHT_PYTHON") or sys.executable


def journal_size(folder: Path) -> int:
    """Return the length of a run's journal in bytes, 0 before its first word."""
    path = folder / EVENTS
    return path.stat().st_size if path.exists() else 0


def first_word(worker: "subprocess.Popen[bytes]", folder: Path, said: int) -> None:
    """Wait until the worker has said that it started, so that nobody takes the run for its former self."""
    end = time.monotonic() + 20
    while journal_size(folder) == said and time.monotonic() < end:
        if worker.poll() is not None:
            why = next(iter(reversed(tail_log(folder))), "log.txt is empty")
            raise Problem(f"the worker ended at once ({why})", where=folder.name, advice="see its log.txt")
        time.sleep(0.01)


def resume(folder: Path, *, python: str | None = None, force: bool = False) -> None:
    """Go on from the newest whole checkpoint, in the same folder; with other rows or settings only by `force`."""
    refuse_command(folder)
    now = state(folder, history(folder))
    if now == "completed":
        raise Problem("this run is complete", where=folder.name, advice="repeat it with changes instead")
    if now not in GOING and not force:
        from engine.since_checkpoint import check_unchanged

        check_unchanged(folder)
    launch(folder, python=python)


def stop(folder: Path, *, hard: bool = False) -> None:
    """Ask a run to save and end; `hard` kills it, and what came after the last checkpoint is lost."""
    known = history(folder)
    if state(folder, known) not in GOING:
        raise Problem("this run is not going on", where=folder.name, advice="tunewright runs shows which are")
    started: dict[str, Any] = known.started or {}
    if hard and "command" in started and signal_run(folder, started, signal.SIGSTOP):
        kill_below(int(started["pid"]))  # it would outlive its keeper, who is held or would say that the command failed
    if not signal_run(folder, started, signal.SIGKILL if hard else signal.SIGTERM):
        _request_stop(folder)


def _request_stop(folder: Path) -> None:
    """Leave a request where the process is another host's or user's, or has not said yet which one it is."""
    try:
        write(folder, "control/stop")
    except OSError as error:
        advice = "stop it on the machine and as the user who trains"
        raise Problem(f"the request can't be written ({error.strerror})", where=str(folder), advice=advice) from None


def history(folder: Path) -> History:
    """Return all that a run has said so far."""
    follower = Follower(folder)
    while follower.read():
        pass
    return follower.history


def state(folder: Path, known: History) -> State:
    """Return how a run stands: its last word, or whether its process lives."""
    if known.started is None:
        return "running" if is_locked(folder) else "created"
    if known.finished is not None:
        return "completed" if known.finished.get("status") == "completed" else "stopped"
    if known.failed is not None:
        return "failed"
    if lives(folder, known.started, known.last_time):
        return "running" if is_here(known.started) else "elsewhere"
    return "running" if is_locked(folder) else "died"
