"""Measured values, times and log lines as they stand in one row of a screen."""

import math
import re

from engine.words import value
from tui.words import literal

__all__ = ["clock", "count", "log_line", "one_line", "percent", "plural", "score", "value"]

ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]P^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")


def log_line(text: str) -> str:
    """Return a line of a log as it would stand in a terminal: colours gone, only what follows the last return."""
    return literal(ESCAPE.sub("", text).rstrip("\r\n").rpartition("\r")[2].expandtabs())


def one_line(text: str) -> str:
    """Return text of any length as one harmless line: runs of white space become one blank."""
    return literal(" ".join(text.split()))


def count(number: float) -> str:
    """Return a whole number with separators: 1,083."""
    return f"{round(number):,}"


def score(number: float | None) -> str:
    """Return a value between 0 and 1 as tables of retrieval scores have it: .7650."""
    return value(number) if number is None or not 0 <= number < 1 else f"{number:.4f}"[1:]


def percent(number: float | None) -> str:
    """Return a signed change in percent with a true minus: +1.3 %, −50.8 %."""
    if number is None or not math.isfinite(number):
        return "–"
    return f"{'−' if number < 0 else '+'}{abs(number):.1f} %"


def clock(seconds: float) -> str:
    """Return a running time as a clock shows it: 0:42, 1:02:03."""
    whole = max(0, int(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def plural(number: int, noun: str) -> str:
    """Return a count with its noun: 1 checkpoint, 3 checkpoints."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"
