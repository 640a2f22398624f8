"""A run's folder on disk: how it is made, found and read; nothing here knows of processes."""

import hashlib
import json
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from engine.data.facts import DataProblem
from engine.event import HALVE
from engine.problem import Problem, nearest
from engine.safe_files import open_regular, read, read_json, read_text, write

if TYPE_CHECKING:
    from engine.config import Run  # what it takes to describe a run is half of the time in which one is shown

SCRIPT_MARK = ".script.sha256"
COMMAND = "command.json"
"""In the place of run.yaml where the run is somebody's own command."""
MARK = ".tunewright.json"
"""The mark of a run that tunewright made: only what carries it is deleted."""
FORMAT = 1
"""Version of the folder's format; a folder of a later one is read as far as it can be, and not deleted."""
ID = re.compile("[0-9a-f]{32}")
TRASH = ".trash"
"""The folder beside the runs to which deleted ones move."""
LARGEST_RUN = 128 << 10
LARGEST_SCRIPT = 16 << 20
TAIL = 1 << 16
LAUNCHER = """#!/bin/sh
# Train this run anywhere that has the libraries of requirements.txt.
cd "$(dirname "$0")" && exec python train.py
"""


def create(
    run: "Run",
    runs: Path,
    *,
    script: str | None = None,
    python_versions: dict[str, str] | None = None,
    found: Sequence[DataProblem] = (),
) -> Path:
    """Write the folder of a new run (mode 0700) and return it; `script` keeps one that was edited by hand.

    What was `found` in the rows is kept in a file of its own, and stands above the run as comments.
    """
    from engine import document, findings, own_runs
    from engine.consent import agree, agreed
    from engine.reward_code import copied, settle
    from engine.script import assemble, requirements

    code = agreed(run).reward
    run, beside = settle(run, code)
    with new_folder(runs, run.output.name) as folder:
        made = assemble(run, title=folder.name, versions=python_versions)
        text = script if script is not None else made
        for name in ("control", "output"):
            (folder / name).mkdir()
        write_beside(folder, beside)
        (folder / "run.yaml").write_text(document.dump(run, list(map(findings.sentence, found))), "utf-8")
        (folder / findings.FILE).write_text(findings.as_json(found), "utf-8")
        (folder / "requirements.txt").write_text(requirements(text), "utf-8")
        (folder / "launch.sh").write_text(LAUNCHER, "utf-8")
        (folder / "launch.sh").chmod(0o700)
        (folder / "train.py").write_text(text, "utf-8")
        if getattr(run.training, "on_out_of_memory", "stop") == "halve":
            (folder / "control" / HALVE).touch()
        (folder / SCRIPT_MARK).write_text(_digest(made.encode()), "utf-8")
    own_runs.remember(folder, made, text)
    agree([] if code is None else [copied(code, folder)])
    return folder


def write_beside(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files that belong beside a script."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


@contextmanager
def new_folder(runs: Path, name: str) -> Iterator[Path]:
    """Make a folder (mode 0700) of its own for a run, also where many begin in one second, and let it be filled.

    Where that fails, nothing of it is left.
    """
    folder = runs / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    try:
        runs.mkdir(parents=True, exist_ok=True)
        folder = make_free(folder)
        before = os.umask(0o077)
        try:
            write_mark(folder)
            yield folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            os.umask(before)
    except OSError as error:
        advice = "choose a folder that you may write to, with --runs or TUNEWRIGHT_RUNS"
        raise Problem(f"the run can't be written ({error.strerror})", where=str(folder), advice=advice) from None


def make_free(folder: Path) -> Path:
    """Make a folder (mode 0700) of this name, or with a number where it is taken: only mkdir knows what is free."""
    for name in chain([folder.name], (f"{folder.name}-{number}" for number in count(2))):
        with suppress(FileExistsError):
            folder.with_name(name).mkdir(mode=0o700)
            return folder.with_name(name)
    raise AssertionError("there is always a further number")


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def is_edited(folder: Path) -> bool:
    """Return whether somebody changed train.py after tunewright wrote it."""
    try:
        written = read_text(folder / SCRIPT_MARK, 1024).strip()
        return _digest(read(folder / "train.py", LARGEST_SCRIPT)) != written
    except (OSError, ValueError):
        return False


def write_mark(folder: Path) -> None:
    """Mark a folder that was just made as a run of ours: with the version of its format, and an id of its own."""
    mark = {"format": FORMAT, "id": os.urandom(16).hex()}
    write(folder, MARK, json.dumps(mark).encode() + b"\n")


def run_id(folder: Path) -> str | None:
    """Return the id in a run's mark; None where there is no mark of ours, or one of a later format."""
    try:
        mark = read_json(folder / MARK, 1024)
    except (OSError, ValueError):
        return None
    known = isinstance(mark, dict) and mark.get("format") in range(1, FORMAT + 1)
    found = mark.get("id") if known else None
    return found if isinstance(found, str) and ID.fullmatch(found) else None


def load(folder: Path) -> "Run":
    """Return the complete run of a folder."""
    from engine import document

    refuse_command(folder)
    with suppress(OSError):
        size = (folder / "run.yaml").lstat().st_size
        if size > LARGEST_RUN:
            what = f"this run file is larger ({size >> 10:,} KiB) than tunewright writes one"
            raise Problem(what, where=str(folder / "run.yaml"), advice="see who made this folder")
    return document.load(folder / "run.yaml")


def is_command(folder: Path) -> bool:
    """Return whether a run is somebody's own command: only its own script can repeat or continue it."""
    return _holds(folder, COMMAND)


def _holds(folder: Path, name: str) -> bool:
    try:
        return stat.S_ISREG((folder / name).lstat().st_mode)
    except (OSError, ValueError):  # also a name that no file can have
        return False


def refuse_command(folder: Path) -> None:
    """Raise a Problem where the run is a command that was watched, of which there is no description."""
    if is_command(folder):
        advice = "start the command again; its own script decides whether it goes on from a checkpoint"
        raise Problem("this run is a command that was watched", where=folder.name, advice=advice)


def is_run(folder: Path) -> bool:
    """Return whether a folder holds a run: a description of ours, or a command that was watched."""
    return _holds(folder, "run.yaml") or is_command(folder)


def written(folder: Path) -> int:
    """Return when a run was written, in nanoseconds."""
    for name in ("run.yaml", COMMAND):
        with suppress(OSError):
            return (folder / name).lstat().st_mtime_ns
    return 0


def folders(runs: Path) -> list[Path]:
    """Return the run folders, in no order; what can't be looked at, and what is hidden (the trash), is none."""
    try:
        return [path for path in runs.iterdir() if not path.name.startswith(".") and is_run(path)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def find(runs: Path, name: str | None) -> Path:
    """Return the folder of a run by name or path; without a name the newest one.

    Every command that takes a RUN asks here. An empty name, `.` and `..` name no run: they are what a forgotten
    variable leaves, and what they mean is the folder of all runs, or the whole project.
    """
    known = folders(runs)
    if name is None:
        if known:
            return max(known, key=written)
        raise Problem("there are no runs yet", where=str(runs), advice="begin with: tunewright demo")
    if not name.strip() or PurePath(name).name in ("", ".."):
        advice = "give the name of one, as tunewright runs lists it"
        raise Problem(f"'{name}' names no run", where=str(runs), advice=advice)
    for path in (runs / name, Path(name), runs / TRASH / name):
        if is_run(path) and path.absolute().parent.name != TRASH:
            return path.absolute()
        if is_run(path):
            advice = f"get it back with: tunewright restore {path.name}"
            raise Problem("this run is in the trash", where=path.name, advice=advice)
    advice = nearest(name, [path.name for path in known]) if known else "begin with: tunewright demo"
    raise Problem(f"there is no run '{name}'", where=str(runs), advice=advice)


def tail_log(folder: Path, lines: int = 12) -> list[str]:
    """Return the last lines of the log, as text."""
    try:
        with open_regular(folder / "log.txt") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 256 * lines - 4096))
            return file.read(TAIL).decode("utf-8", "replace").splitlines()[-lines:]
    except OSError:
        return []
