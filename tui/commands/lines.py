"""A run as plain lines: its phases, its losses, its evaluations; at most one line a second, fewer as it gets long."""

import json
import re
import time
from contextlib import suppress
from typing import Any

from engine.history import Event, History
from tui.commands.say import say, warn
from tui.widgets.figures import clock, count, value
from tui.words import duration, short

SIZE = re.compile(r"dim_(\d+)_cosine_ndcg@10")
PHASES = {
    "waiting": "it begins when the run before it has ended",
    "libraries": "loading torch, transformers and their family",
    "data": "reading and splitting the rows",
    "model": "loading the weights",
    "baseline": "measuring the model as it is, to compare with",
    "saving": "writing to the disk",
    "script": "the command runs; its curves begin with its first trainer",
}
GOALS_OWN = ("eval_loss", "perplexity")
"""What a line tells of an evaluation; the libraries add more to it, which `show` tells."""
SLOWEST = 10.0  # seconds between two lines of a long run
QUIET = 2.0  # seconds without a line after which the phase is named again, so that nobody takes it for dead


class Lines:
    """Says what a run does; `event` takes each event in turn, `silence` is called while nothing happens."""

    def __init__(self) -> None:
        """Begin the clock."""
        self._start = time.monotonic()
        self._spoken = 0.0
        self._named: set[str] = set()

    def event(self, line: bytes, history: History) -> None:
        """Say what one event tells, if it is worth a line now; `history` has taken it in already."""
        with suppress(ArithmeticError, AttributeError, KeyError, TypeError, ValueError):  # who wrote it is not known
            self._tell(line, history)

    def _tell(self, line: bytes, history: History) -> None:
        event: Event = json.loads(line)
        kind = event.get("type")
        if kind in ("progress", "metrics"):
            if self._passed() >= self._pace():
                training = kind == "metrics"
                self._say("training" if training else history.phase, (_step if training else _progress)(history))
        elif kind == "phase" and history.phase not in self._named:
            self._named.add(history.phase)
            if history.phase in PHASES:
                self._say(history.phase, PHASES[history.phase])
        elif kind == "begun":
            self._say("training", _begun(event, history))
        elif kind == "evaluated":
            self._say("evaluated", f"step {count(event['step'])} · {_measures(event['values'])}")
        elif kind == "checkpoint":
            self._say("saved", f"checkpoint of step {count(event['step'])}")
        elif kind == "warning":
            warn(f"{event.get('message', '')}; {event.get('advice', '')}")

    def silence(self, history: History) -> None:
        """Say that a phase goes on when nothing has been said for a while; a step may take as long as it likes."""
        if history.phase != "training" and self._passed() >= max(QUIET, self._pace()):
            since = time.time() - history.phase_since if history.phase_since else time.monotonic() - self._start
            self._say(history.phase or "starting", f"for {duration(since)}")

    def _passed(self) -> float:
        return time.monotonic() - self._spoken

    def _pace(self) -> float:
        return min(SLOWEST, max(1.0, (time.monotonic() - self._start) / 60))

    def _say(self, word: str, rest: str) -> None:
        self._spoken = time.monotonic()
        say(f"{clock(self._spoken - self._start):>7}  {word:<10} {rest}")


def _step(history: History) -> str:
    planned = f" of {count(history.max_steps)}" if history.max_steps else ""
    parts = [f"step {count(history.step)}{planned}", f"epoch {history.epoch:.2f}"]
    parts += [f"loss {value(curve.last)}" for name, curve in history.metrics.items() if name == "loss"]
    speed, left = history.steps_per_second, history.seconds_left
    parts += [_speed(speed)] if speed else []
    parts += [f"{duration(left)} left"] if left else []
    return " · ".join(parts)


def _speed(rate: float) -> str:
    if rate < 1:
        return f"{1 / rate:.2g} s a step"
    return f"{rate:.2g} steps/s" if rate < 10 else f"{rate:,.0f} steps/s"


def _progress(history: History) -> str:
    known: dict[str, Any] = history.progress or {}
    total = f" of {count(known['total'])}" if known.get("total") else ""
    unit = "" if known.get("unit") == "it" else known.get("unit", "")
    name = "" if known.get("name") == history.phase else known.get("name", "")
    return f"{name} {count(known.get('done', 0))}{total} {unit}".strip()


def _begun(event: Event, history: History) -> str:
    steps = f"{count(history.max_steps)} steps" if history.max_steps else "no end of steps planned"
    again = f" · goes on from step {count(event['from_step'])}" if event.get("from_step") else ""
    trained, weights = event.get("trainable"), event.get("parameters")
    share = f" · trains {short(trained)} of {short(weights)} weights" if trained and weights else ""
    return f"{steps}{again}{share}"


def _measures(values: dict[str, float | None]) -> str:
    sizes = {match[1]: number for name, number in values.items() if (match := SIZE.fullmatch(name))}
    if sizes:
        return "nDCG@10 " + " · ".join(f"{size}: {value(number)}" for size, number in sizes.items())
    told = {name: number for name, number in values.items() if name in GOALS_OWN} or values
    return " · ".join(f"{name.replace('_', ' ')} {value(number)}" for name, number in told.items())
