"""Deleted runs: they move to a folder beside the others, come back from there, and go for good when it is emptied."""

import os
import shutil
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.liveness import is_locked
from engine.problem import Problem, nearest
from engine.run import GOING, history, state
from engine.run_folder import TRASH, is_run, make_free, run_id

GOING_AWAY = ".emptying-"
"""What the name of a folder begins with that is being removed for good: one that was broken off is taken up again."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """A run in the trash."""

    name: str
    folder: Path
    deleted: float
    bytes: int


def delete(runs: Path, folder: Path) -> Path:
    """Move a run that is not going on to the trash, and return its folder there. Nothing of it changes.

    Only a real directory directly below `runs` that carries our mark is ever moved; else a Problem says why not.
    """
    _check(runs, folder)
    if is_locked(folder) or state(folder, history(folder)) in GOING:
        raise Problem("this run is going on", where=folder.name, advice=f"stop it first: tunewright stop {folder.name}")
    trash = runs / TRASH
    try:
        trash.mkdir(mode=0o700, exist_ok=True)
        if trash.is_symlink():
            raise Problem("the trash is a link", where=str(trash), advice="remove the link; a folder takes its place")
        return _move(folder, trash)
    except OSError as error:
        raise _immovable(folder, error) from None


def _check(runs: Path, folder: Path) -> None:
    where = str(folder)
    if folder.name in ("", "..") or not is_run(folder):
        raise Problem("this is no run folder", where=where, advice="give the name of a run")
    if not stat.S_ISDIR(folder.lstat().st_mode):
        raise Problem("this is a link to a run elsewhere", where=where, advice="remove the link itself with: rm")
    if folder.parent.resolve() != runs.resolve():
        advice = f"name that folder: tunewright delete {folder.name} --runs {folder.parent}"
        raise Problem(f"this run does not lie in the folder of runs {runs}", where=where, advice=advice)
    if run_id(folder) is None:
        what = "this folder carries no mark of tunewright: an earlier version made it, or somebody else"
        raise Problem(what, where=where, advice="look into it, and if it may go, remove it with: rm -r")


def _move(folder: Path, target: Path) -> Path:
    """Move a folder into another one at once, under its name or one with a number; nothing there is replaced."""
    place = make_free(target / folder.name)
    try:
        folder.rename(place)  # it takes the place of the empty folder that was just made for it
    except OSError:
        with suppress(OSError):
            place.rmdir()
        raise
    return place


def _immovable(folder: Path, error: OSError) -> Problem:
    advice = "see who owns the folder of runs, and whether this run is a disk of its own"
    return Problem(f"the run can't be moved ({error.strerror})", where=str(folder), advice=advice)


def restore(runs: Path, name: str) -> Path:
    """Move a run back from the trash, and return its folder: under another name where its own is taken by now."""
    folder = _named(runs, name)
    try:
        return _move(folder, runs)
    except OSError as error:
        raise _immovable(folder, error) from None


def _named(runs: Path, name: str) -> Path:
    known = {folder.name: folder for folder in _inside(runs)}
    if name in known:
        return known[name]
    advice = nearest(name, known) if known else "the trash is empty"
    raise Problem(f"there is no run '{name}' in the trash", where=str(runs / TRASH), advice=advice)


def listing(runs: Path, names: Sequence[str] = ()) -> list[Deleted]:
    """Return these runs of the trash, or all, the last deleted first."""
    folders = [_named(runs, name) for name in names] or _inside(runs)
    found = [Deleted(folder.name, folder, _moved(folder), size(folder)) for folder in folders]
    return sorted(found, key=lambda deleted: -deleted.deleted)


def number(runs: Path) -> int:
    """Return how many runs are in the trash, without looking into them."""
    return len(_inside(runs))


def empty(runs: Path, names: Sequence[str] = ()) -> int:
    """Remove these runs from the trash for good, or all; return how many bytes that frees."""
    going = [_named(runs, name) for name in names] or [*_inside(runs), *_broken_off(runs)]
    freed = 0
    for folder in going:
        freed += size(folder)
        try:
            shutil.rmtree(_set_aside(folder))
        except OSError as error:
            advice = "see who owns it and whether it may be written to; the rest is gone"
            raise Problem(f"it can't be removed ({error.strerror})", where=str(error.filename), advice=advice) from None
    return freed


def _set_aside(folder: Path) -> Path:
    """Rename a run that is removed, so that one of which a half is gone is never taken for a run."""
    if folder.name.startswith(GOING_AWAY):
        return folder
    return folder.rename(make_free(folder.with_name(GOING_AWAY + os.urandom(8).hex())))


def _inside(runs: Path) -> list[Path]:
    """Return the runs in the trash; what carries no mark of ours was not put there by us."""
    shown = [folder for folder in _folders(runs) if not folder.name.startswith(".")]
    return [folder for folder in shown if is_run(folder) and run_id(folder) is not None]


def _broken_off(runs: Path) -> list[Path]:
    return [folder for folder in _folders(runs) if folder.name.startswith(GOING_AWAY)]


def _folders(runs: Path) -> list[Path]:
    trash = runs / TRASH
    try:
        return [] if trash.is_symlink() else [path for path in trash.iterdir() if stat.S_ISDIR(path.lstat().st_mode)]
    except OSError:
        return []


def _moved(folder: Path) -> float:
    try:
        return folder.lstat().st_ctime
    except OSError:
        return 0.0


def size(folder: Path) -> int:
    """Return how many bytes the files of a folder take; links are not followed, and what can't be read is left out."""
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            with suppress(OSError):
                total += (Path(place) / name).lstat().st_size
    return total
