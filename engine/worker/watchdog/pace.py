"""Checks of the machine under a training: steps that become slow, and a disk that will not hold the next checkpoint."""

import os
import shutil
import time
from collections import deque
from pathlib import Path
from statistics import median

from engine.worker import hardware
from engine.worker.watchdog.finding import Check, Finding, Sight

WARM = 5
"""Steps that are not compared: they compile and fill caches."""
USUAL = 20
"""Steps that say how long a step takes here."""
SLOW = 2.5
"""So many times the usual is slow."""
MIB = 1 << 20
STARVED = 0.5
"""So much of the time waited for rows is too much."""
SHORT = 0.02
"""Seconds of waiting for one batch that are not worth a word."""


class Pace(Check):
    """Steps that take far longer than they did, and what the machine does meanwhile."""

    def __init__(self) -> None:
        self._first: list[float] = []
        self._last: deque[float] = deque(maxlen=USUAL)
        self._before = 0.0
        self._waits: deque[float] = deque(maxlen=USUAL)

    def fetched(self, sight: Sight, step: int, waited: float) -> Finding | None:  # noqa: ARG002
        """Say so when most of the time goes into waiting for rows."""
        self._waits.append(waited)
        if not self._hungry():
            return None
        message = (
            f"step {step}: {self._share():.0%} of the time goes into waiting for rows "
            f"({median(self._waits):.2g} s for a batch): the data loader starves the training"
        )
        advice = "are they read from a slow disk or network? a script of your own can raise dataloader_num_workers"
        return Finding("starved", message, advice)

    def _hungry(self) -> bool:
        return len(self._waits) == USUAL and median(self._waits) > SHORT and self._share() > STARVED

    def _share(self) -> float:
        """Return the part of the newest steps, from one end to the next, that was waiting."""
        whole = median(self._last or self._first or [0.0])
        return min(1.0, median(self._waits) / whole) if self._waits and whole else 0.0

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
        message = f"step {step}: a step takes {median(self._last):.2g} s where it took {usual:.2g} s{self._reason()}"
        return Finding("slower", message, "see what else runs on this machine (nvidia-smi, top)")

    def _reason(self) -> str:
        if self._hungry():
            return f": {self._share():.0%} of it is waiting for rows"
        return reason()

    def evaluated(self, sight: Sight, step: int, metrics: dict[str, object]) -> Finding | None:  # noqa: ARG002
        """Leave the time of an evaluation out."""
        self._before = 0.0
        return None

    def saved(self, sight: Sight, step: int) -> Finding | None:  # noqa: ARG002
        """Leave the time of a checkpoint out."""
        self._before = 0.0
        return None


def reason() -> str:
    """Return what the machine says about itself: a hot or shared card, swapped memory, more work than cores."""
    for trouble in hardware.troubles():
        return f": {trouble}"
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
