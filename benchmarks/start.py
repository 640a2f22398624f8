"""From the key on the plan to the first training step: cold, and with the worker that has waited."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from engine import data, demo, model, run, run_folder
from engine.follow import Follower
from engine.guide import Facts, recommend
from engine.machine import look
from engine.warm import Warm

PATIENCE = 20.0  # seconds that the person looks at the plan
MAKER = run.WORKER.with_name("tiny_model.py")


def first_step(folder: Path, began: float) -> float:
    """Return the seconds from `began` to the first training step."""
    follower = Follower(folder)
    while not follower.history.step:
        follower.read()
        time.sleep(0.01)
    return time.monotonic() - began


def main() -> None:
    """Start the demo's run twice and print both waits."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        rows, answers = demo.write_embed(root), demo.answers("embed", root)
        command: list[Any] = [sys.executable, "-P", MAKER, "embed", rows, root / demo.TINY_MODEL]
        subprocess.run(command, check=True, capture_output=True)
        facts = Facts(look(root), model.look(answers["model"]["id"]), data.look(str(rows)))
        planned = recommend(answers, facts).run
        for name in ("cold", "warm"):
            warm = Warm(planned) if name == "warm" else None
            time.sleep(PATIENCE if warm else 0)
            began = time.monotonic()
            folder = run_folder.create(planned, root / "runs")
            if warm is None or not warm.begin(folder):
                run.launch(folder)
            print(f"{name}: {first_step(folder, began):.1f} s to the first step")
            run.stop(folder, hard=True)


if __name__ == "__main__":
    main()
