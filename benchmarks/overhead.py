"""What watching costs a training: the bare script alone, the run with its reporter and watch, and with two watchers.

Every round trains the same script three times, in changing order; time is taken between the first and the last
checkpoint, by the files' own times, so that starting up counts nowhere.
"""

import argparse
import os
import pty
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any

from engine import data, demo, model, run
from engine.follow import Follower
from engine.guide import Facts, recommend
from engine.machine import look

MAKER = run.WORKER.with_name("tiny_model.py")
WAYS = ("alone", "reported", "watched")


def make(root: Path, steps: int) -> Path:
    """Write the run that is measured, and return its folder."""
    rows, answers = demo.write_sft(root), demo.answers("sft", root)
    command: list[Any] = [sys.executable, "-P", MAKER, "sft", rows, root / demo.TINY_MODEL]
    subprocess.run(command, check=True, capture_output=True)
    settings = {"max_steps": steps, "batch": 4, "accumulate": 1, "threads": 1}
    every = {"save_every": steps // 4, "evaluate_every": steps // 4, "keep_checkpoints": 9}
    answers["training"] = {**answers.get("training", {}), **settings, **every}
    planned = recommend(answers, Facts(look(root), model.look(answers["model"]["id"]), data.look(str(rows)))).run
    return run.create(planned, root / "runs")


def seconds(output: Path) -> float:
    """Return the seconds between the first and the last checkpoint."""
    times = sorted(path.stat().st_mtime for path in output.glob("checkpoint-*/trainer_state.json"))
    return times[-1] - times[0]


def alone(folder: Path, place: Path) -> float:
    """Run the bare script in a folder of its own."""
    place.mkdir()
    shutil.copy(folder / "train.py", place)
    subprocess.run([sys.executable, "train.py"], cwd=place, check=True, capture_output=True)
    return seconds(place / "output")


def reported(folder: Path, watchers: int) -> float:
    """Train a copy of the run through the worker, with so many screens that look on."""
    copy = run.create(run.load(folder), folder.parent)
    run.launch(copy)
    screens = [Screen(copy) for _ in range(watchers)]
    follower = Follower(copy)
    while run.state(copy, follower.history) in ("created", "running"):
        time.sleep(0.5)
        follower.read()
    for screen in screens:
        screen.close()
    return seconds(copy / "output")


class Screen:
    """`tunewright watch` in a terminal of its own that somebody reads."""

    def __init__(self, folder: Path) -> None:
        """Open it on the run in `folder`."""
        self.pid, self.terminal = pty.fork()
        if not self.pid:
            os.environ.update(TERM="xterm-256color", COLUMNS="120", LINES="40")
            words = ["watch", folder.name, "--runs", str(folder.parent)]
            os.execv(sys.executable, [sys.executable, "-m", "tui.cli", *words])
        self.bytes = 0
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        while True:
            try:
                self.bytes += len(os.read(self.terminal, 65536))
            except OSError:
                return

    def close(self) -> None:
        """End it."""
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)


def main() -> None:
    """Print the seconds of every round, and the ratios of the pairs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=400)
    wished = parser.parse_args()
    taken: dict[str, list[float]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as place:
        folder = make(Path(place), wished.steps)
        for number in range(wished.rounds):
            for way in WAYS[number % 3 :] + WAYS[: number % 3]:
                took = alone(folder, Path(place) / f"alone-{number}") if way == "alone" else None
                taken[way].append(took if took is not None else reported(folder, 2 * (way == "watched")))
            print(f"round {number + 1}: " + ", ".join(f"{way} {taken[way][-1]:.2f} s" for way in WAYS), flush=True)
    step = median(taken["alone"]) / (wished.steps * 0.75)
    print(f"a step alone: {1000 * step:.1f} ms")
    for slow, fast in (("reported", "alone"), ("watched", "reported")):
        ratios = [left / right for left, right in zip(taken[slow], taken[fast], strict=True)]
        print(f"{slow} against {fast}: {median(ratios):.4f} (from {min(ratios):.4f} to {max(ratios):.4f})")


if __name__ == "__main__":
    main()
