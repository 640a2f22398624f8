"""Whether the process of a run still lives: known by host, boot, number and start time, never by a pattern."""

import fcntl
import socket
import time
from pathlib import Path
from typing import Any

SILENCE = 45.0


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


def lives(started: dict[str, Any], last_time: float) -> bool:
    """Return whether the process lives: by its identity here, by the age of its heartbeat elsewhere."""
    if not is_here(started):
        return time.time() - last_time < SILENCE
    same_boot = started.get("boot_id") in ("", boot_id())
    pid, created = started.get("pid"), started.get("created")
    return same_boot and isinstance(pid, int) and created is not None and process_start(pid) == created


def is_locked(folder: Path) -> bool:
    """Return whether a worker of this host holds the run, also before it has said its first word."""
    try:
        with (folder / "worker.lock").open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
