"""Checks of the machine under a training: steps that become slow, and a disk that will not hold the next checkpoint."""

import os
import shutil
import time
from collections import deque
from pathlib import Path
from statistics import median

from engine.worker.watchdog.finding import Check, Finding, Sight

WARM = 5
"""Steps that are not compared: they compile and fill caches."""
USUAL = 20
"""Steps that say how long a step takes here."""
SLOW = 2.5
"""So many times the usual is slow."""
MIB = 1 << 20


class Pace(Check):
    """Steps that take far longer than they did, and what the machine does meanwhile."""

    def __init__(self) -> None:
        self._first: list[float] = []
        self._last: deque[float] = deque(maxlen=USUAL)
        self._before = 0.0

    def stepped(self, sight: Sight, step: int) -> Finding | None:  # noqa: ARG002
        """Compare the newest steps with the first ones; a pause for an evaluation or a checkpoint does not count."""
        now, before = time.monotonic(), self._before
        self._before = now
        if not before:
            return None
        if len(self._first) < WARM + USUAL:
            self._first.append(now - before)
            return None
        self._last.append(now - before)
        usual = median(self._first[WARM:])
        if len(self._last) < USUAL or median(self._last) < SLOW * usual or median(self._last) - usual < 0.05:
            return None
        message = f"step {step}: a step takes {median(self._last):.2g} s where it took {usual:.2g} s{reason()}"
        return Finding("slower", message, "see what else runs on this machine (nvidia-smi, top)")

    def evaluated(self, sight: Sight, step: int, metrics: dict[str, object]) -> Finding | None:  # noqa: ARG002
        """Leave the time of an evaluation out."""
        self._before = 0.0
        return None

    def saved(self, sight: Sight, step: int) -> Finding | None:  # noqa: ARG002
        """Leave the time of a checkpoint out."""
        self._before = 0.0
        return None


def reason() -> str:
    """Return what the machine says about itself: swapped memory, or more work than cores."""
    swapped = _swapped()
    if swapped > 256 * MIB:
        return f": {swapped / (1 << 30):.1f} GiB of this process lie in swap"
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    return f": {load:.0f} processes want {cores} cores" if load > 2 * cores + 1 else ""


def _swapped() -> int:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmSwap:")), 0)


class Disk(Check):
    """A disk that will not hold the next checkpoint."""

    def saved(self, sight: Sight, step: int) -> Finding | None:
        """Compare what the newest checkpoint takes with what is left."""
        folder = Path(sight.args.output_dir) / f"checkpoint-{step}"
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        free = shutil.disk_usage(sight.args.output_dir).free
        if not size or free > 1.5 * size:
            return None
        message = (
            f"step {step}: a checkpoint takes {size / MIB:,.0f} MiB and {free / MIB:,.0f} MiB are free on the disk"
        )
        return Finding("disk", message, "make room now; an older checkpoint goes only after the next one is written")
