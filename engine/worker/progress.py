"""Progress of downloads, tokenising and encoding: what the libraries' own bars count, as events."""

import time
from typing import Any

from engine.event import Journal

PAUSE = 0.5


def report_bars(journal: Journal) -> None:
    """Let every tqdm bar write `progress` events instead of drawing itself; its counting is untouched."""
    from tqdm import std

    spoken: dict[str, float] = {}

    def display(self: Any, *_: Any, **__: Any) -> bool:
        name, now = str(self.desc or "working").strip(" :"), time.monotonic()
        done = self.total is not None and self.n >= self.total
        if done or now - spoken.get(name, 0.0) >= PAUSE:
            spoken[name] = now
            journal.write("progress", name=name, done=self.n, total=self.total, unit=str(self.unit).strip())
        return True

    std.tqdm.display = display
