"""Keeps a command that is watched: starts it, writes what it prints to the log, and has the last word about it.

It lives in a session of its own, so that the command outlives the terminal; it needs the standard library only.
"""

import fcntl
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from types import FrameType
from typing import Any

from engine.event import EVENTS, Journal
from engine.liveness import below, kill_below
from engine.worker.hardware import PAGE
from engine.worker.worker import identity, take_lock

COMMAND = "command.json"
REPORTER = "reporter.lock"
HOOK = Path(__file__).parent / "hook"
VARIABLE = "TUNEWRIGHT_WATCHED"
HEARTBEAT = 5.0
LOOK_EVERY = 0.2
LAST_LINES = 16_384  # bytes of the log's end in which the last line and a traceback are looked for


def keep(folder: Path) -> int:
    """Run the command of `folder` to its end; return its exit status, or 3 when the run is kept already."""
    before = os.umask(0o077)
    lock = take_lock(folder)
    if lock is None:
        return 3
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the command inherits it, as below nohup
    described: dict[str, Any] = json.loads((folder / COMMAND).read_text("utf-8"))
    journal = Journal(folder / EVENTS)
    journal.write("started", **{**identity(), "versions": {}}, script_sha256="", command=described["command"])
    try:
        command = Command(folder, described, before)
    except OSError as error:
        advice = "see whether the command is spelled right and may be executed"
        told = f"{described['command'][0]} can't be started ({error.strerror})"
        journal.write("failed", code="not_started", message=told, advice=advice, traceback="", exit_code=127)
        return 127
    journal.write("phase", name="script")
    command.listen()
    status = command.wait(journal)
    last_word(folder, journal, status, asked=command.asked)
    return status


class Command:
    """The command as a process with a group of its own, as a shell would start it."""

    def __init__(self, folder: Path, described: dict[str, Any], umask: int) -> None:
        """Start it in its own working directory, with our hook on the path of every Python below it."""
        self.folder = folder
        self.asked = False
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job begins deaf to ctrl+c
        paths = [str(HOOK), *filter(None, [os.environ.get("PYTHONPATH")])]
        self.process = subprocess.Popen(
            described["command"],
            cwd=described["cwd"],
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), VARIABLE: str(folder), "PYTHONUNBUFFERED": "1"},
            process_group=0,
            umask=umask,
        )

    def listen(self) -> None:
        """Take over the signals that ask to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def wait(self, journal: Journal) -> int:
        """Look after it until it ends; return what a shell would say of it."""
        beaten = 0.0
        while True:
            try:
                status = self.process.wait(LOOK_EVERY)
                self._obey()
                return status if status >= 0 else 128 - status
            except subprocess.TimeoutExpired:
                self._obey()
            if time.monotonic() - beaten >= HEARTBEAT and trainers(self.folder) == 0:
                beaten = time.monotonic()
                journal.write("hardware", gpu=[], rss=sum(map(resident, self._all())))

    def _all(self) -> list[int]:
        return [self.process.pid, *(pid for pid, _ in below(self.process.pid))]

    def _obey(self) -> None:
        """Pass a wish to stop on: one trainer of one process saves and ends by itself, all else gets a ctrl+c."""
        wish = self.folder / "control" / "stop"
        if wish.exists() and trainers(self.folder) != 1:
            wish.unlink(missing_ok=True)
            self._tell(signal.SIGINT)
        self.asked = self.asked or wish.exists() or wish.with_name("stopping").exists()

    def _tell(self, number: int) -> None:
        self.asked = True
        if self.process.returncode is not None:
            return  # its number may be another one's by now
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if not self.asked:
            self.asked = True
            (self.folder / "control" / "stop").touch()
            return
        kill_below(self.process.pid)
        self._tell(signal.SIGKILL)


def trainers(folder: Path) -> int:
    """Return how many processes the trainer has that reports now, 0 while none does."""
    try:
        with (folder / REPORTER).open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return int(lock.read() or 1)
    except OSError:
        return 0
    return 0


def resident(pid: int) -> int:
    """Return the resident memory of a process in bytes."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, ValueError, IndexError):
        return 0


def last_word(folder: Path, journal: Journal, status: int, *, asked: bool) -> None:
    """Write how the command ended, and whether there was anything to draw."""
    if not (folder / REPORTER).exists() and not asked:
        what = "no Hugging Face trainer appeared in this command: it ran as it would alone, and there is no curve"
        hint = "what it printed is in its log; drawn are trainers of transformers, TRL and sentence-transformers"
        journal.write("warning", code="no_trainer", step=0, message=what, advice=hint)
    if asked:
        journal.write("finished", status="stopped", results=None, exit_code=status)
    elif status == 0:
        journal.write("finished", status="completed", results=None, exit_code=0)
    else:
        last, trace = end_of_log(folder)
        how = f"the command was ended by {_signal(status)}" if status > 128 else f"the command ended with {status}"
        message = f"{how}: {last}" if last else how
        advice = "its log says more; correct the cause and start the command again"
        journal.write("failed", code="exit", message=message, advice=advice, traceback=trace, exit_code=status)


def _signal(status: int) -> str:
    try:
        return signal.Signals(status - 128).name
    except ValueError:
        return f"status {status}"


def end_of_log(folder: Path) -> tuple[str, str]:
    """Return the last line that was printed, and the last traceback."""
    try:
        with (folder / "log.txt").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LAST_LINES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return "", ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    _, mark, trace = text.rpartition("Traceback (most recent call last):")
    return (lines[-1][:300] if lines else ""), (mark + trace if mark else "")
