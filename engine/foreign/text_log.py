"""What trainers print: a line for a step, with names and numbers in it."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from engine.foreign.axis import placed
from engine.history import Event

NUMBER = r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|nan|inf)"
SPOKEN = r"(?:(?:train|val|valid|validation|eval|test|lm|learning|grad|global)[ _])?[A-Za-z_][\w./()%-]*"
PAIR = re.compile(rf"(?<![\w.])({SPOKEN})['\"]?\s*[:=]\s*['\"]?({NUMBER})(?![\w:.])", re.IGNORECASE)
LOSS = re.compile(
    rf"(?<![\w.])((?:(?:train|val|valid|validation|eval|test)[ _])?loss)\s+({NUMBER})(?![\w:.])", re.IGNORECASE
)
AT = r"['\"]?\s*[:=#]?\s*\[?\s*(\d+)(?:\s*/\s*(\d+))?"
STEP = re.compile(rf"(?<![\w.])(?:global[ _]?)?steps?{AT}", re.IGNORECASE)
ITERATION = re.compile(rf"(?<![\w.])(?:iter(?:ation)?|update)s?{AT}", re.IGNORECASE)
TURNED = re.compile(r"\bloss (train|val)\b", re.IGNORECASE)
LINES = 400
"""Lines of a file that are looked at to see whether it is such a log."""
LONGEST = 20_000
"""Characters of a line; a longer one is no line for a step."""


def row(line: str) -> dict[str, Any] | None:
    """Return what a line says of a step or of an evaluation; None for a line that says nothing of the kind."""
    line = line.rpartition("\r")[2]
    if "loss" not in line.lower() or len(line) > LONGEST:
        return None
    line = TURNED.sub(r"\1 loss", line)
    pairs = [*PAIR.findall(line), *LOSS.findall(line)]
    named: dict[str, Any] = {name.lower().replace(" ", "_"): value for name, value in pairs}
    if not any(name.endswith("loss") for name in named):
        return None
    if step := STEP.search(line) or ITERATION.search(line):
        named["global_step"] = f"{step[1]}/{step[2]}" if step[2] else step[1]
    return named


def is_log(text: str) -> bool:
    """Return whether these lines are what a trainer prints."""
    return any(row(line) is not None for line in islice(text.split("\n"), LINES))


def read(path: Path) -> Iterator[Event | None]:
    """Yield the points of a log; lines that say nothing of a step are passed over, as is a last one without an end."""
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        rows = (row(line) for line in file if line.endswith("\n"))
        yield from placed(found for found in rows if found is not None)
