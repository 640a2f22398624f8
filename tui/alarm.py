"""Calling somebody who does not look: a bell, a notification of the terminal, or a command of the person's own."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable

from engine.history import History
from engine.problem import Problem

VARIABLE = "TUNEWRIGHT_ALARM"
SEQUENCES = {"bell": "\a", "osc9": "\x1b]9;{text}\a", "osc777": "\x1b]777;notify;{title};{text}\a"}
"""What a terminal understands: iTerm2, Windows Terminal and kitty OSC 9, urxvt, foot and VTE OSC 777."""
GOING = ("running", "elsewhere", "created")
ENDS = {"completed": "done", "stopped": "stopped", "failed": "failed", "died": "gone without a last word"}


class Alarm:
    """Says each end and each new warning of one run once, in the way that was asked for."""

    def __init__(self, how: str | None, name: str) -> None:
        """`how` is bell, osc9, osc777 or a command, TUNEWRIGHT_ALARM when not given; without any it stays silent."""
        self.how = how if how is not None else os.environ.get(VARIABLE, "")
        self.name = name
        self._warnings: int | None = None
        self._going = False

    def look(self, history: History, state: str) -> str:
        """Return what is new since the last look; what was there at the first one is known."""
        known, self._warnings = self._warnings, len(history.warnings)
        went, self._going = self._going, state in GOING
        if known is None:
            return ""
        if went and not self._going and state in ENDS:
            why = f": {history.failed['message']}" if state == "failed" and history.failed else ""
            return f"{self.name} is {ENDS[state]}{why}"
        return f"{self.name}: {history.warnings[-1]['message']}" if known < self._warnings else ""

    def sound(self, sentence: str, write: Callable[[str], object]) -> None:
        """Call with a sentence; `write` reaches the terminal."""
        if not sentence or not self.how:
            return
        plain = "".join(sign for sign in sentence if sign.isprintable())
        if self.how in SEQUENCES:
            write(SEQUENCES[self.how].format(title="tunewright", text=plain.replace(";", ",")))
            return
        silent = subprocess.DEVNULL
        subprocess.Popen(
            [*shlex.split(self.how), plain], stdin=silent, stdout=silent, stderr=silent, start_new_session=True
        )

    def check(self) -> None:
        """Raise a Problem where the command of an alarm is none; better now than in the night."""
        try:
            words = shlex.split(self.how)
        except ValueError as error:
            raise Problem(f"this is no command ({error})", where="--alarm", advice=ADVICE) from None
        if words and words[0] not in SEQUENCES and shutil.which(words[0]) is None:
            raise Problem(f"there is no command '{words[0]}'", where="--alarm", advice=ADVICE)


ADVICE = "use bell, osc9, osc777, or a command that takes the sentence as its last word, such as notify-send"


def to_terminal(text: str) -> None:
    """Write to the terminal of a program that prints lines, if there is one."""
    stream = sys.__stderr__  # the present one makes sequences visible
    if stream is not None and stream.isatty():
        stream.write(text)
        stream.flush()
