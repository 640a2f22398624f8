"""The journal of a run: one JSON object a line, appended and never rewritten.

Needs nothing but the standard library, so that it works in any Python that trains.
"""

import json
import math
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.safe_files import open_regular, open_to_append

EVENTS = "events.jsonl"
RESCUE = "if_memory_runs_out.json"
"""The file of a run's folder with the change that would fit: a worker, which cannot predict, tells it."""
PLAN = "plan"
"""The file in a run's control folder that says after how many steps it shall end."""

HALVE = "halve"
"""The file there that says: where the device is full, go on with half the micro-batch."""
BATCHES = "batches"
"""The file there that says which batches a run goes on with since its device was full."""

STACK = ("torch", "transformers", "peft", "trl", "bitsandbytes", "sentence-transformers")
"""The libraries whose versions decide what a step holds: what was measured with others says nothing of these."""
PREDICTED = "predicted.json"
"""The file in a run's folder that says what was predicted for it, before any correction."""


_EXACT = 2**53
"""The largest whole number that every reader of JSON keeps as it is."""


def stack_of(versions: Mapping[str, str]) -> str:
    """Return the name of a stack of libraries."""
    return ", ".join(f"{name} {versions[name]}" for name in STACK if versions.get(name))


def measured_file() -> Path:
    """Return the file in the user's state folder that keeps what was predicted and measured, a run a line."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / "tunewright" / "measured.jsonl"


def clean(value: Any) -> Any:
    """Return a value that strict JSON can hold: NaN and infinity become None, tensors and NumPy numbers plain ones."""
    if isinstance(value, dict):
        return {str(key): clean(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(entry) for entry in value]
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    if isinstance(value, float) or hasattr(value, "__float__"):
        try:
            number = float(value)
        except Exception:  # noqa: BLE001 - a tensor of several numbers, a number beyond all bounds, whatever others made
            return str(value)
        return number if math.isfinite(number) else None
    return str(value)


def numbers(values: Mapping[Any, Any]) -> dict[str, float | int]:
    """Return those of the named values that are one number each, NaN and infinity among them.

    Whoever adds texts, lists or tensors to a trainer's logs loses these, and none of the numbers beside them.
    """
    found = ((str(name), _single(value)) for name, value in values.items())
    return {name: value for name, value in found if value is not None}


def _single(value: Any) -> float | int | None:
    """Return one number, NaN where it is too large for a float; None for what is none."""
    kind = type(value)
    if kind is float or (kind is int and -_EXACT <= value <= _EXACT):
        return value  # type: ignore[no-any-return]
    if isinstance(value, (str, bytes, bool)) or not hasattr(value, "__float__"):
        return None
    try:
        if math.prod(getattr(value, "shape", ())) != 1:
            return None
        plain = value.item() if hasattr(value, "item") else value
        return None if isinstance(plain, bool) else float(plain)
    except OverflowError:
        return math.nan
    except Exception:  # noqa: BLE001 - whatever others call a number
        return None


def _ends_torn(path: Path) -> bool:
    try:
        with open_regular(path) as file:
            file.seek(-1, 2)
            return file.read(1) != b"\n"
    except OSError:
        return False


class Journal:
    """Appends events to a file; a full disk costs events, never the training."""

    def __init__(self, path: Path) -> None:
        """Open `path` for appending; a line that a killed writer left unfinished is closed first."""
        torn = _ends_torn(path)
        self._file = open_to_append(path)
        self._lock = threading.Lock()
        self._torn = torn
        self.lost = 0

    def write(self, kind: str, **fields: Any) -> None:
        """Append one event of type `kind` with the present time in Unix seconds."""
        event = {"type": kind, "time": time.time(), **clean(fields)}
        line = json.dumps(event, ensure_ascii=False, allow_nan=False).encode("utf-8", "surrogatepass") + b"\n"
        with self._lock:
            self._append(line)

    def _append(self, line: bytes) -> None:
        text = b"\n" + line if self._torn else line
        try:
            written = self._file.write(text)
        except OSError:
            self.lost += 1
            return
        self._torn = written != len(text)
        self.lost += self._torn

    def close(self) -> None:
        """Close the file; later events are errors of the caller."""
        self._file.close()
