"""Which scripts this user's tunewright wrote: only those are executed without a question."""

import hashlib
import os
import stat
from pathlib import Path
from typing import Any

from engine import user_state
from engine.code import Code, CodeFile
from engine.problem import Problem
from engine.run_folder import SCRIPT_MARK

RUN = "run"
SCRIPT = "train.py"


def remember(folder: Path, made: str, script: str) -> None:
    """Write down that this run was made here: the script that we assembled, and the one that lies in its folder."""
    told = {"made": _sha256(made.encode()), "script": _sha256(script.encode())}
    user_state.append({"type": RUN, "folder": str(folder.resolve()), "inode": folder.stat().st_ino, **told})


def foreign_script(folder: Path) -> Code | None:
    """Return the script of a folder where it is not this user's own, None where it is.

    It is his own where our assembler wrote it, wherever the folder lies now, or where he edited it in a folder that we
    made and that only he can write to.
    """
    path = folder.resolve() / SCRIPT
    content = _read(path)
    known = [record for record in user_state.records() if record.get("type") == RUN]
    if any(record.get("script") == _sha256(content) for record in known) or _is_own(folder, known):
        return None
    return Code("script", str(path), (CodeFile(SCRIPT, content),))


def is_own(folder: Path) -> bool:
    """Return whether this user's tunewright made this very folder, and only he can write to it."""
    return _is_own(folder, [record for record in user_state.records() if record.get("type") == RUN])


def _is_own(folder: Path, known: list[dict[str, Any]]) -> bool:
    """Return whether we made this very folder: the inode stays when it is moved, and no copy or archive has it."""
    try:
        place, script = folder.stat(), (folder / SCRIPT).lstat()
        mark = (folder / SCRIPT_MARK).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return False
    private = all(seen.st_uid == os.geteuid() and not seen.st_mode & 0o022 for seen in (place, script))
    return private and any((record.get("inode"), record.get("made")) == (place.st_ino, mark) for record in known)


def refuse_others_folder(folder: Path) -> None:
    """Raise a Problem for a folder that another user owns or can write to: he could change what runs at any time."""
    seen = [folder.stat(), (folder / SCRIPT).lstat()]
    if any(each.st_uid != os.geteuid() or each.st_mode & 0o022 for each in seen):
        what = "other users can change what lies in this folder"
        raise Problem(what, where=str(folder), advice="copy it to a place of your own, and run that", code="folder")


def _read(path: Path) -> bytes:
    """Return a script's bytes; a link, a pipe and the like are no script."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        advice = "repeat the run from its run.yaml"
        raise Problem(f"its script can't be read ({error.strerror})", where=str(path), advice=advice) from None
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise Problem("its script is no regular file", where=str(path), advice="repeat the run from its run.yaml")
        with os.fdopen(os.dup(file), "rb") as script:
            return script.read()
    finally:
        os.close(file)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
