"""Whether the process of a run still lives, and how it alone is signaled: known by all that it is, never by its number.

Needs nothing but the standard library: workers use it too.
"""

import fcntl
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from engine.safe_files import open_regular

SILENCE = 45.0
PROGRAM = os.fsencode(os.path.join("engine", "worker", "__main__.py"))  # noqa: PTH118 - a part of a word, no path
"""What the path of a worker's program ends with, in whatever place tunewright is installed."""
ROUNDS = 5
"""How often one looks for processes below another one that are still being started while they are killed."""


def process_start(pid: int) -> int | None:
    """Return a living process's start in clock ticks since the boot, None for a dead one or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if fields[0] in "ZX" else int(fields[19])
    except (OSError, ValueError, IndexError):
        return None


def boot_id() -> str:
    """Return the identity of this boot of the machine, or an empty text."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def is_here(started: dict[str, Any]) -> bool:
    """Return whether the process was started on this host."""
    return bool(started.get("host") == socket.gethostname())


def lives(folder: Path, started: dict[str, Any], last_time: float) -> bool:
    """Return whether the process of a run lives: by its identity here, by the age of its heartbeat elsewhere."""
    return fits(folder, started) if is_here(started) else time.time() - last_time < SILENCE


def fits(folder: Path, started: dict[str, Any]) -> bool:
    """Return whether what a run's log says of its process is true of a living one: start, boot and command line.

    The log may have been written by anybody: a number alone may be that of any process of this user.
    """
    pid, created = started.get("pid"), started.get("created")
    if not isinstance(pid, int) or isinstance(pid, bool) or pid <= 1 or created is None:
        return False
    same = started.get("boot_id") == boot_id() and process_start(pid) == created
    return same and works_on(pid, folder)


def works_on(pid: int, folder: Path) -> bool:
    """Return whether a process is a worker, or the keeper of a command, and this is the folder that it works on."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    at = next((place for place, word in enumerate(words) if word.endswith(PROGRAM)), None)
    if at is None:
        return False
    rest = [word for word in words[at + 1 :] if word != b"--keep"]
    named = Path(os.fsdecode(rest[0])) if rest else None
    with suppress(OSError):
        if named is not None and named.is_absolute() and named.samefile(folder):
            return True
    with suppress(OSError):  # one that was started before its run was there, or whose folder was renamed
        return Path(f"/proc/{pid}/cwd").samefile(folder)
    return False


def is_own(pid: int) -> bool:
    """Return whether a process belongs to this user."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return False
    return any(line.split()[1:2] == [str(os.getuid())] for line in lines if line.startswith("Uid:"))


def signal_run(folder: Path, started: dict[str, Any], number: int) -> bool:
    """Signal the process of a run, and return whether that was done: only to one that is this user's and fits."""
    pid = started.get("pid")
    if not isinstance(pid, int) or not is_here(started):
        return False
    return send(pid, number, lambda: fits(folder, started) and is_own(pid))


def send(pid: int, number: int, is_meant: Callable[[], bool]) -> bool:
    """Signal one process if it is the one that is meant, and return whether that was done.

    Its handle is taken before it is looked at, so that no other process can have taken its number meanwhile.
    """
    if not 1 < pid < 1 << 31:
        return False
    try:
        handle = os.pidfd_open(pid)
    except (AttributeError, OSError) as error:
        if isinstance(error, ProcessLookupError) or not is_meant():
            return False
        with suppress(OSError):  # a kernel before 5.3: what was looked at a moment ago is signaled by its number
            os.kill(pid, number)
            return True
        return False
    try:
        if is_meant():
            signal.pidfd_send_signal(handle, number)
            return True
    except OSError:  # it has just ended, or belongs to somebody else
        return False
    finally:
        os.close(handle)
    return False


def kill_below(pid: int) -> None:
    """Kill all processes below one, also those that they start meanwhile."""
    for _ in range(ROUNDS):
        found = below(pid)
        for child, created in found:
            send(child, signal.SIGKILL, partial(_is_still, child, created))
        if not found:
            return


def _is_still(pid: int, created: int) -> bool:
    return process_start(pid) == created


def below(pid: int) -> list[tuple[int, int]]:
    """Return the living processes below one with their starts, as far as the system tells."""
    try:
        children = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in _children(task)]
    except OSError:
        return []
    living = [(child, created) for child in children if (created := process_start(child)) is not None]
    return [*living, *(further for child, _ in living for further in below(child))]


def _children(task: Path) -> list[str]:
    try:
        return (task / "children").read_text().split()
    except OSError:
        return []


def is_locked(folder: Path) -> bool:
    """Return whether a worker of this host holds the run, also before it has said its first word.

    A lock that some other process holds is no sign of a run.
    """
    try:
        with open_regular(folder / "worker.lock") as lock:
            inode = os.fstat(lock.fileno()).st_ino
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        holders = _holders(inode)
        return holders is None or any(works_on(pid, folder) for pid in holders)
    except OSError:
        return False
    return False


def _holders(inode: int) -> list[int] | None:
    """Return the processes that hold a lock on a file with this number; None where the system does not say."""
    try:
        lines = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    except OSError:
        return None
    held = [words for words in lines if words[1:2] == ["FLOCK"] and len(words) > 5]
    return [int(words[4]) for words in held if words[5].rpartition(":")[2] == str(inode)]
