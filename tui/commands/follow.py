"""Following a run from the command line to its end: its events as they are, or as lines; ctrl+c asks it to stop."""

import json
import shlex
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from engine import run as runs
from engine import run_folder
from engine.follow import Follower
from engine.history import Event, History
from engine.problem import Problem
from tui.alarm import Alarm, to_terminal
from tui.commands.lines import Lines
from tui.commands.say import complain, say
from tui.commands.words import hint, outcome_lines
from tui.widgets.figures import log_line

LOOK_EVERY = 0.2  # seconds between two looks at the events
GONE = 2.0  # seconds without the run's folder after which it is gone: a network disk may hiccup
UNDER_WAY = ("created", "running", "elsewhere")
STATUS = {"completed": 0, "stopped": 130}


class Voice(Protocol):
    """What is done with a run's events."""

    def event(self, line: bytes, history: History) -> None:
        """Take one event, as the line that it is; `history` has it already."""

    def silence(self, history: History) -> None:
        """Take note that nothing happened."""

    def stopping(self, folder: Path) -> None:
        """Say that the run has been asked to stop."""

    def end(self, folder: Path, state: str, history: History) -> None:
        """Say what came out of it."""


class Echo(Follower):
    """A follower that hands every event on; what the run has said before is taken in silently."""

    def __init__(self, folder: Path, voice: Voice) -> None:
        """Read up to now, and hand `voice` what comes."""
        self._voice: Voice | None = None
        super().__init__(folder)
        self.read()
        self._voice = voice

    def take(self, line: bytes) -> bool:
        """Take in one line, and hand it on when it is an event."""
        known = super().take(line)
        if known and self._voice is not None:
            self._voice.event(line, self.history)
        return known

    def take_all(self, lines: list[bytes], events: list[Event]) -> int:
        """Take in many lines: together while nobody listens, one by one afterwards."""
        return super().take_all(lines, events) if self._voice is None else sum(map(self.take, lines))


class Interrupts:
    """Counts ctrl+c in place of raising it anywhere, so that no line is read by halves; a context manager."""

    def __init__(self) -> None:
        """Begin with none."""
        self.count = 0

    def __enter__(self) -> "Interrupts":
        """Take over ctrl+c."""
        self._before = signal.signal(signal.SIGINT, self._another)
        return self

    def __exit__(self, *_: object) -> None:
        """Give ctrl+c back."""
        signal.signal(signal.SIGINT, self._before)

    def _another(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.count += 1


class Events:
    """The events as they are, one JSON object a line."""

    def event(self, line: bytes, history: History) -> None:  # noqa: ARG002
        """Pass the line on at once; on a terminal in ASCII, so that nothing in it steers that."""
        told = json.dumps(json.loads(line)).encode() if sys.stdout.isatty() else line
        sys.stdout.buffer.write(told + b"\n")
        sys.stdout.buffer.flush()

    def silence(self, history: History) -> None:
        """Say nothing."""

    def stopping(self, folder: Path) -> None:
        """Say so where no program reads along."""
        complain(_stopping(folder))

    def end(self, folder: Path, state: str, history: History) -> None:
        """Say what went wrong; everything else stands in the last event."""
        _complain_about(folder, state, history)


class Words(Lines):
    """The run as plain lines, with its table at the end."""

    def stopping(self, folder: Path) -> None:
        """Say what happens before it stops."""
        say(_stopping(folder))

    def end(self, folder: Path, state: str, history: History) -> None:
        """Say what came out of the run, or how to go on."""
        _complain_about(folder, state, history)
        if state == "stopped":
            again = "start the command again" if history.is_command else f"tunewright resume {hint(folder)}"
            say(f"stopped at step {history.step}; go on with: {again}")
        results: Any = (history.finished or {}).get("results")
        if state == "completed" and history.is_command:
            say(f"{folder.name} has ended; what it printed: {folder / 'log.txt'}")
        elif state == "completed" and isinstance(results, dict):
            for line in outcome_lines(results, run_folder.load(folder).method.kind):
                say(line)


class Presence:
    """Whether a run's folder is still there; one that is missing for a moment only is."""

    def __init__(self, folder: Path) -> None:
        """Begin with a folder that is there."""
        self._folder = folder
        self._seen = time.monotonic()

    def is_over(self) -> bool:
        """Return whether it has been gone for longer than a disk hiccups."""
        if self._folder.is_dir():
            self._seen = time.monotonic()
        return time.monotonic() - self._seen > GONE


def launch_and_follow(folder: Path, launch: Callable[[], None], *, as_json: bool) -> int:
    """Start the worker and follow it; ctrl+c asks it to stop, also while it only begins. Return the exit status."""
    voice = Events() if as_json else Words()
    with Interrupts() as interrupts:
        echo = Echo(folder, voice)
        launch()
        return _to_the_end(echo, folder, voice, interrupts, stops=True)


def look_on(folder: Path, alarm: Alarm) -> int:
    """Follow a run as lines, whoever started it; ctrl+c leaves it alone. Return the exit status."""
    voice = Words()
    with Interrupts() as interrupts:
        return _to_the_end(Echo(folder, voice), folder, voice, interrupts, stops=False, alarm=alarm)


def _to_the_end(
    echo: Echo, folder: Path, voice: Voice, interrupts: Interrupts, *, stops: bool, alarm: Alarm | None = None
) -> int:
    alarm = alarm or Alarm(None, folder.name)
    said = asked = False
    presence = Presence(folder)
    while True:
        fresh = echo.read()
        if presence.is_over():
            complain(
                f"{folder}: this folder is gone, moved or removed: there is nothing to follow; see tunewright runs"
            )
            return 1
        state = runs.state(folder, echo.history)
        alarm.sound(alarm.look(echo.history, state), to_terminal)
        if state not in UNDER_WAY and not fresh and folder.is_dir() and not echo.read():
            break
        if interrupts.count > (1 if stops else 0):
            complain(f"it goes on without this terminal; see it with: tunewright watch {hint(folder)}")
            return 130
        if interrupts.count and not asked:
            if not said:
                said = True
                voice.stopping(folder)
            with suppress(
                Problem
            ):  # it has just ended by itself, or has not quite begun: then the next look asks again
                runs.stop(folder)
                asked = True
        if not fresh:
            voice.silence(echo.history)
            time.sleep(LOOK_EVERY)
    voice.end(folder, state, echo.history)
    return status(state, echo.history)


def status(state: str, history: History) -> int:
    """Return the exit status for how a run ended; a command that was watched says its own."""
    own = (history.failed or {}).get("exit_code")
    return own if isinstance(own, int) else STATUS.get(state, 1)


def new_run(folder: Path, change: Mapping[str, Any]) -> str:
    """Return the command that starts a run like this one with some fields replaced."""
    told = {name: value if isinstance(value, str) else json.dumps(value) for name, value in change.items()}
    settings = [word for name, value in told.items() for word in ("--set", f"{name}={value}")]
    return shlex.join(["tunewright", "run", str(folder / "run.yaml"), *settings])


def _stopping(folder: Path) -> str:
    if run_folder.is_command(folder):
        return f"{folder.name} is asked to stop: its trainer saves first; ctrl+c again leaves it to do so alone"
    return f"{folder.name} finishes its step and saves a checkpoint; ctrl+c again leaves it to do so alone"


def _complain_about(folder: Path, state: str, history: History) -> None:
    if state == "failed" and history.failed is not None:
        failed: Event = history.failed
        advice = f"; {failed['advice']}" if failed["advice"] else ""
        complain(f"{folder.name}: {failed['message']}{advice} (log: {folder / 'log.txt'})")
        if failed.get("change"):
            complain(f"a new run with this change: {new_run(folder, failed['change'])}")
    if state == "died":
        for line in run_folder.tail_log(folder):
            complain(f"  {log_line(line)}")
        cause = "the disk is full" if runs.disk_is_full(folder) else "as after a kill or a full memory"
        what = f"the worker is gone without a last word ({cause}); its log ends as above"
        again = "start the command again" if history.is_command else f"tunewright resume {hint(folder)}"
        complain(f"{folder.name}: {what}; go on from the last checkpoint with: {again}")
