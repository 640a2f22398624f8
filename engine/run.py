"""A run on disk: its folder, its process, and everything that can be asked of it."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.event import EVENTS, HALVE
from engine.follow import Follower
from engine.history import History
from engine.liveness import is_here, is_locked, lives
from engine.problem import Problem, nearest

if TYPE_CHECKING:
    from engine.config import Run  # what it takes to describe a run is half of the time in which one is shown

State = Literal["created", "running", "completed", "stopped", "failed", "died", "elsewhere", "file"]
"""How a run stands; `file`: it is no run but curves that others wrote."""
WORKER = Path(__file__).parent / "worker" / "__main__.py"
SCRIPT_MARK = ".script.sha256"
COMMAND = "command.json"
"""In the place of run.yaml where the run is somebody's own command."""
LAUNCHER = """#!/bin/sh
# Train this run anywhere that has the libraries of requirements.txt.
cd "$(dirname "$0")" && exec python train.py
"""
GOING = ("running", "elsewhere")


def create(run: "Run", runs: Path, *, script: str | None = None, python_versions: dict[str, str] | None = None) -> Path:
    """Write the folder of a new run (mode 0700) and return it; `script` keeps one that was edited by hand."""
    from engine import document
    from engine.reward_code import settle
    from engine.script import assemble, requirements

    run, beside = settle(run)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    folder = fresh_folder(runs / f"{run.output.name}-{stamp}")
    text = script if script is not None else assemble(run, title=folder.name, versions=python_versions)
    try:
        runs.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        for name in ("control", "output"):
            (folder / name).mkdir()
        for name, content in beside.items():
            (folder / name).write_bytes(content)
        (folder / "run.yaml").write_text(document.dump(run), "utf-8")
        (folder / "requirements.txt").write_text(requirements(text), "utf-8")
        (folder / "launch.sh").write_text(LAUNCHER, "utf-8")
        (folder / "launch.sh").chmod(0o700)
        (folder / "train.py").write_text(text, "utf-8")
        made = assemble(run, title=folder.name, versions=python_versions) if script is not None else text
        if getattr(run.training, "on_out_of_memory", "stop") == "halve":
            (folder / "control" / HALVE).touch()
        (folder / SCRIPT_MARK).write_text(_digest(made.encode()), "utf-8")
    except OSError as error:
        advice = "choose a folder that you may write to, with --runs or TUNEWRIGHT_RUNS"
        raise Problem(f"the run can't be written ({error.strerror})", where=str(folder), advice=advice) from None
    return folder


def fresh_folder(folder: Path) -> Path:
    """Return the folder, or the same name with a number where two runs begin in one second."""
    number = 2
    fresh = folder
    while fresh.exists():
        fresh = folder.with_name(f"{folder.name}-{number}")
        number += 1
    return fresh


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def is_edited(folder: Path) -> bool:
    """Return whether somebody changed train.py after tunewright wrote it."""
    try:
        return _digest((folder / "train.py").read_bytes()) != (folder / SCRIPT_MARK).read_text("utf-8").strip()
    except OSError:
        return False


def load(folder: Path) -> "Run":
    """Return the complete run of a folder."""
    from engine import document

    _no_command(folder)
    return document.load(folder / "run.yaml")


def is_command(folder: Path) -> bool:
    """Return whether a run is somebody's own command: only its own script can repeat or continue it."""
    return (folder / COMMAND).is_file()


def _no_command(folder: Path) -> None:
    if is_command(folder):
        advice = "start the command again; its own script decides whether it goes on from a checkpoint"
        raise Problem("this run is a command that was watched", where=folder.name, advice=advice)


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
    command = [python_of(python), "-P", str(WORKER), str(folder), *(["--after", str(after)] if after else [])]
    said = journal_size(folder)
    try:
        with (folder / "log.txt").open("ab") as log:
            worker = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                start_new_session=True,
                env=environment(),
            )
    except OSError as error:
        advice = "name a Python that has the training libraries with --python or TUNEWRIGHT_PYTHON"
        raise Problem(f"the worker can't be started ({error.strerror})", where=command[0], advice=advice) from None
    first_word(worker, folder, said)


def check_going(folder: Path) -> None:
    """Raise a Problem unless a run goes on here, so that another can wait for its end."""
    if not is_locked(folder):
        what = "this run is not going on here: there is nothing to wait for"
        raise Problem(what, where=folder.name, advice="leave --after out, or see tunewright runs")


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


def resume(folder: Path, *, python: str | None = None) -> None:
    """Go on from the newest whole checkpoint, in the same folder."""
    _no_command(folder)
    if state(folder, history(folder)) == "completed":
        raise Problem("this run is complete", where=folder.name, advice="repeat it with changes instead")
    launch(folder, python=python)


def stop(folder: Path, *, hard: bool = False) -> None:
    """Ask a run to save and end; `hard` kills it, and what came after the last checkpoint is lost."""
    known = history(folder)
    if state(folder, known) not in GOING:
        raise Problem("this run is not going on", where=folder.name, advice="tunewright runs shows which are")
    started: dict[str, Any] = known.started or {}
    if started and is_here(started):
        if hard and "command" in started:
            _kill_below(int(started["pid"]))
        os.kill(int(started["pid"]), signal.SIGKILL if hard else signal.SIGTERM)
    else:
        (folder / "control" / "stop").touch()


def _kill_below(keeper: int) -> None:
    """Kill what a keeper has started, processes of processes too: it would outlive its keeper."""
    import psutil

    with suppress(psutil.Error):
        psutil.Process(keeper).suspend()  # or it would write down that its command failed
        for process in psutil.Process(keeper).children(recursive=True):
            with suppress(psutil.Error):
                process.kill()


def is_run(folder: Path) -> bool:
    """Return whether a folder holds a run: a description of ours, or a command that was watched."""
    return (folder / "run.yaml").is_file() or is_command(folder)


def written(folder: Path) -> int:
    """Return when a run was written, in nanoseconds."""
    for name in ("run.yaml", COMMAND):
        with suppress(OSError):
            return (folder / name).stat().st_mtime_ns
    return 0


def delete(folder: Path) -> int:
    """Remove a run that is not going on, and return how many bytes that frees."""
    if not is_run(folder):
        raise Problem("this is no run folder", where=str(folder), advice="give the name of a run")
    if is_locked(folder) or state(folder, history(folder)) in GOING:
        raise Problem("this run is going on", where=folder.name, advice=f"stop it first: tunewright stop {folder.name}")
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    shutil.rmtree(folder)
    return size


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
    if lives(known.started, known.last_time):
        return "running" if is_here(known.started) else "elsewhere"
    return "running" if is_locked(folder) else "died"


def folders(runs: Path) -> list[Path]:
    """Return the run folders, in no order."""
    if not runs.is_dir():
        return []
    found = [path for path in runs.iterdir() if is_run(path)]
    return sorted(found, key=lambda path: path.stat().st_mtime_ns if not path.is_symlink() else 0, reverse=True)


def find(runs: Path, name: str | None) -> Path:
    """Return the folder of a run by name or path; without a name the newest one."""
    known = folders(runs)
    if name is None:
        if known:
            return max(known, key=written)
        raise Problem("there are no runs yet", where=str(runs), advice="begin with: tunewright demo")
    for path in (runs / name, Path(name)):
        if is_run(path):
            return path.absolute()
    advice = nearest(name, [path.name for path in known]) if known else "begin with: tunewright demo"
    raise Problem(f"there is no run '{name}'", where=str(runs), advice=advice)


def tail_log(folder: Path, lines: int = 12) -> list[str]:
    """Return the last lines of the log, as text."""
    try:
        with (folder / "log.txt").open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 256 * lines - 4096))
            return file.read().decode("utf-8", "replace").splitlines()[-lines:]
    except OSError:
        return []
