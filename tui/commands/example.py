"""The embedded example: rows of our own and a small model made on the spot, then the usual run."""

import json
import shutil
import subprocess
from pathlib import Path

from engine import demo
from engine import run as runs
from engine.interpreter import Interpreter, interpreter
from engine.problem import Problem
from tui.commands.say import say
from tui.commands.start import Created, begin, check_libraries

MAKER = runs.WORKER.with_name("tiny_model.py")


def example(goal: str, root: Path, python: str | None) -> Created:
    """Write rows, model and run of the example; the model is made once and found again by the next one."""
    folder = root / "demo" / goal
    answers = demo.answers(goal, folder)
    found = interpreter(python)
    check_libraries(found, goal, answers["method"]["kind"])
    try:
        rows = demo.write_embed(folder) if goal == "embed" else demo.write_sft(folder)
    except OSError as error:
        advice = "choose a folder that you may write to, with --runs or TUNEWRIGHT_RUNS"
        raise Problem(f"the example can't be written ({error.strerror})", where=str(folder), advice=advice) from None
    if not (folder / demo.TINY_MODEL / "config.json").is_file():
        say("making a small model with random weights; loading the libraries for it takes a few seconds")
        _make(goal, rows, folder / demo.TINY_MODEL, found)
    return begin(answers, root, found)


def _make(goal: str, rows: Path, target: Path, found: Interpreter) -> None:
    """Make the model in the Python that trains; it gets its name only when it is whole."""
    text, partial = rows.with_suffix(".txt"), target.with_suffix(".partial")
    lines = [str(cell) for row in rows.read_text("utf-8").splitlines() for cell in json.loads(row).values()]
    text.write_text("\n".join(dict.fromkeys(lines)), "utf-8")
    shutil.rmtree(partial, ignore_errors=True)
    command = [found.python, "-P", str(MAKER), goal, str(text), str(partial)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        what = f"the small model can't be made ({reason})"
        raise Problem(what, where=found.python, advice="see what tunewright doctor says of this Python")
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    text.unlink()
