"""Starting real runs and waiting for them, as the tests do it."""

import json
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine import document, run, run_folder
from engine.config import Run
from engine.consent import agree
from engine.follow import Follower
from engine.history import History
from engine.model_code import model_code
from engine.reward_code import reward_code
from engine.script import assemble
from tests.tiny import pairs, talks, write_rows

LOW_RANK = {"rank": 4, "alpha": 8, "dropout": 0.1}
METHOD_FIELDS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("lora", "qlora", "lora8"), LOW_RANK),
    **{kind: {"tokens": 4} for kind in ("prefix", "prompt", "p_tuning")},
    "bottleneck": {"size": 8},
    "layers": {"last": 1},
}
"""What a small run of each method needs beside its kind."""


def values(goal: str, method: str, model: Path, folder: Path, **training: Any) -> dict[str, Any]:
    """A small complete run description for a goal and a method."""
    rows = pairs() if goal == "embed" else talks()
    data = write_rows(folder / f"{goal}.jsonl", rows)
    columns = (
        {"anchor": "question", "positive": "passage"}
        if goal == "embed"
        else {"prompt": "prompt", "completion": "completion"}
    )
    return {
        "goal": goal,
        "model": {"id": str(model), "dtype": "fp32", "attention": "sdpa"},
        "data": {"train": str(data), "test_fraction": 0.2, "columns": columns},
        "method": {"kind": method, **METHOD_FIELDS.get(method, {})},
        "objective": {"matryoshka": [64, 32], "best_dimension": 64}
        if goal == "embed"
        else {"chat_template": "plain", "samples": 2, "max_new_tokens": 8},
        "training": {
            "epochs": 2,
            "batch": 8,
            "learning_rate": 5e-3,
            "max_length": 64,
            "precision": "fp32",
            "threads": 1,
            "evaluate_every": 4,
            "save_every": 4,
            **training,
        },
        "launch": {"device": "cpu"},
        "output": {"name": f"{goal}-{method}"},
    }


def create(described: dict[str, Any], root: Path) -> Path:
    """Write the folder of a run; the code that it runs is the test's own."""
    return run_folder.create(trusted(document.check(described)), root)


def trusted(described: Run) -> Run:
    """Agree to all code that a run would execute, as its user does, and return it."""
    reward = reward_code(described)
    agree([*([reward] if reward else []), *model_code(described)])
    return described


def whole_script(folder: Path) -> Path:
    """The recipe and the parts of a run as one file beside its script: a test can call each of their functions."""
    file = folder / "whole.py"
    file.write_text(assemble(run_folder.load(folder), specialized=False))
    return file


def wait(folder: Path, until: Callable[[History], bool] | None = None, seconds: float = 120) -> History:
    """Follow a run until something is true of it, or until it has ended."""
    follower, end = Follower(folder), time.monotonic() + seconds
    while time.monotonic() < end:
        follower.read()
        known = follower.history
        state = run.state(folder, known)
        if (until and until(known)) or state not in ("created", "running"):
            follower.read()
            return follower.history
        time.sleep(0.05)
    raise AssertionError(f"{folder.name} did not get there within {seconds} s: {run_folder.tail_log(folder)}")


def train(described: dict[str, Any], root: Path) -> tuple[Path, History]:
    """Train a run to its end through the real worker."""
    folder = create(described, root)
    run.launch(folder)
    known = wait(folder)
    assert known.finished is not None, (known.failed, run_folder.tail_log(folder, 40))
    return folder, known


def curves(known: History) -> dict[str, list[tuple[int, float]]]:
    """Every number that a run reported, by step."""
    named = {**known.metrics, **{f"eval {name}": series for name, series in known.evaluated.items()}}
    return {name: list(zip(series.steps, series.values, strict=True)) for name, series in named.items()}


def foreign_python(folder: Path) -> tuple[str, dict[str, str]]:
    """A Python with the training libraries and without tunewright: path files of installed projects do not count."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    environment = {**os.environ, "PYTHONPATH": sysconfig.get_paths()["purelib"]}
    python = str(folder / "bin" / "python")
    check = subprocess.run([python, "-P", "-c", "import engine"], env=environment, cwd=folder, capture_output=True)
    assert b"No module named 'engine'" in check.stderr
    return python, environment


def logged(output: Path) -> list[dict[str, float]]:
    """The losses and evaluations that the newest checkpoint remembers."""
    newest = max(output.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    return json.loads((newest / "trainer_state.json").read_text())["log_history"]
