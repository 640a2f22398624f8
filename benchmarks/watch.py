"""What watching a run costs: `python benchmarks/watch.py [--seconds 20]` prints a table of figures and bars.

A run is made up here, as long as the bar asks for; it is watched in a terminal of 120 columns and 40 rows that counts
every byte. Needs the development half: pip install -e '.[dev]'. Nothing else should use the machine meanwhile.
"""

import argparse
import json
import math
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from terminal import Terminal

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
KEYS = {"g": "g, another measure", "z": "z, one large curve", "+": "+, closer", "-": "-, farther"}
SLOW = 2000  # bytes a second of the slow line
Row = tuple[str, str, str]


def event(step: int, planned: int, now: float, chance: random.Random) -> str:
    """Return one line of a journal: three metrics of a training that learns."""
    loss = 1.2 + 1.2 * math.exp(-4 * step / planned) + chance.gauss(0, 0.08)
    values = {"loss": loss, "grad_norm": abs(chance.gauss(0.4, 0.2)), "learning_rate": 2e-4 * (1 - step / planned)}
    found = {"type": "metrics", "time": now, "step": step, "epoch": 3 * step / planned, "values": values}
    return json.dumps(found) + "\n"


def write_run(folder: Path, steps: int, planned: int) -> Path:
    """Write the journal of a run that this process trains; return the folder."""
    from engine.worker.worker import identity

    folder.mkdir(parents=True)
    (folder / "control").mkdir()
    (folder / "command.json").write_text(json.dumps({"command": ["python", "train.py"], "cwd": str(folder)}))
    start, chance = time.time() - steps / 10, random.Random(0)
    begun: dict[str, Any] = {"type": "begun", "time": start, "from_step": 0, "max_steps": planned, "epochs": 3}
    with (folder / "events.jsonl").open("w") as journal:
        journal.write(json.dumps({"type": "started", "time": start, **identity(), "script_sha256": ""}) + "\n")
        journal.write(json.dumps({"type": "phase", "time": start, "name": "training"}) + "\n")
        journal.write(json.dumps({**begun, "trainable": 4194304, "parameters": 6738415616}) + "\n")
        journal.writelines(event(step, planned, start + step / 10, chance) for step in range(1, steps + 1))
    return folder


class Training(threading.Thread):
    """Writes ten steps a second to a run until it is told to end."""

    def __init__(self, folder: Path, step: int, planned: int) -> None:
        """Go on after `step`."""
        super().__init__(daemon=True)
        self.folder, self.step, self.planned, self.over = folder, step, planned, threading.Event()

    def run(self) -> None:
        """Write until the end."""
        chance = random.Random(1)
        with (self.folder / "events.jsonl").open("a", buffering=1) as journal:
            while not self.over.wait(0.1):
                self.step += 1
                journal.write(event(self.step, self.planned, time.time(), chance))


def watched(folder: Path, rate: int = 0, *words: str) -> Terminal:
    """Return a terminal in which a run is watched."""
    command = [sys.executable, "-m", "tui.cli", "watch", "--runs", str(folder.parent), folder.name, *words]
    return Terminal(command, rate=rate, environ={"PYTHONPATH": str(ROOT)})


def drawn(step: int) -> Any:
    """Return what says that all curves up to a step are on the screen."""
    return lambda text: f"{step:,} of" in text and any("⠀" <= sign <= "⣿" for sign in text)


def opening(folder: Path, steps: int, bars: tuple[float, float]) -> Iterator[Row]:
    """Measure how long it takes to see a run that is there, in what memory, and how soon keys are answered."""
    terminal = watched(folder)
    took = terminal.until(drawn(steps))
    spent = terminal.cpu
    terminal.hold(2)
    yield f"{steps:,} steps: complete curves", f"{took:.2f} s ({spent:.2f} s of one core)", f"{bars[0]} s"
    yield f"{steps:,} steps: memory", f"{terminal.memory:.0f} MiB", f"{bars[1]:.0f} MiB"
    for key, name in KEYS.items() if steps > 500_000 else ():
        times = []
        for _ in range(5):
            times.append(terminal.press(key))
            terminal.hold(0.4)
        yield f"key {name}", f"{1000 * sorted(times)[2]:.0f} ms", "80 ms"
    terminal.close()


def living(folder: Path, step: int, planned: int, seconds: float) -> Iterator[Row]:
    """Measure a run of ten steps a second, and the same run while nothing new comes but the clock."""
    training = Training(folder, step, planned)
    terminal = watched(folder)
    training.start()
    terminal.until(drawn(step), 10)
    terminal.hold(3)
    sent, cpu = terminal.hold(seconds)
    yield "ten steps a second", f"{sent:.0f} bytes/s", "1000 bytes/s"
    yield "ten steps a second: processor", f"{100 * cpu:.1f} % of a core", "4 %"
    training.over.set()
    training.join()
    terminal.hold(3)
    sent, cpu = terminal.hold(seconds)
    yield "only the clock moves", f"{sent:.0f} bytes/s", "100 bytes/s"
    yield "only the clock moves: processor", f"{100 * cpu:.2f} % of a core", "0.5 %"
    terminal.close()


def slowly(folder: Path, step: int, planned: int, seconds: float) -> Iterator[Row]:
    """Measure how far a terminal that reads 2 kB/s is behind, and when its keys are answered."""
    training = Training(folder, step, planned)
    training.start()
    terminal = watched(folder, SLOW)
    first = terminal.until(drawn_up_to(0), 60)
    terminal.hold(10)
    behind, end = 0.0, time.monotonic() + seconds
    while time.monotonic() < end:
        terminal.hold(1)
        behind = max(behind, (training.step - shown(terminal.text)) / 10)
    yield f"a terminal of {SLOW} bytes/s: first picture", f"{first:.1f} s", "–"
    yield f"a terminal of {SLOW} bytes/s: behind", f"{behind:.1f} s", "5 s"
    yield f"a terminal of {SLOW} bytes/s: key", f"{max(terminal.press('?'), terminal.press('?')):.2f} s", "2 s"
    training.over.set()
    terminal.close()


def drawn_up_to(step: int) -> Any:
    """Return what says that a step after this one is on the screen."""
    return lambda text: shown(text) > step


def shown(text: str) -> int:
    """Return the step that a screen shows, 0 where it shows none."""
    before, found, _ = text.partition(" of ")
    word = before.rpartition("step ")[2].replace(",", "")
    return int(word) if found and word.isdigit() else 0


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each steady state is measured")
    seconds = parser.parse_args().seconds
    print(f"| figure | here, load {os.getloadavg()[0]:.1f} | bar |\n| --- | --- | --- |")
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        rows = opening(write_run(root / "short", 100_000, 100_000), 100_000, (1.0, 90))
        say(rows)
        say(opening(write_run(root / "long", 1_000_000, 1_000_000), 1_000_000, (2.5, 160)))
        say(living(write_run(root / "live", 3000, 20_000), 3000, 20_000, seconds))
        say(slowly(write_run(root / "slow", 3000, 20_000), 3000, 20_000, seconds))


def say(rows: Iterator[Row]) -> None:
    """Print rows as they are found."""
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
