"""What can be asked of a run while it trains: small files in its folder, which the worker reads at its next step."""

import json
import math
from pathlib import Path
from typing import Any, Literal

from engine.event import PLAN
from engine.history import History
from engine.problem import Problem
from engine.run import GOING, history, state
from engine.run_folder import load
from engine.safe_files import read_text, write

Request = Literal["save", "evaluate", "stop_at_evaluation"]
WORDS: dict[Request, str] = {
    "save": "saves a checkpoint after this step",
    "evaluate": "measures itself on the test rows after this step",
    "stop_at_evaluation": "stops with a checkpoint after its next evaluation",
}
STEADY = ("constant", "constant_with_warmup")


def ask(folder: Path, request: Request) -> str:
    """Ask a run that trains for something, and return in words what it will do."""
    _training(folder)
    _write(folder, f"control/{request}", "")
    return WORDS[request]


def shorten(folder: Path, epochs: float) -> str:
    """Let a run end after fewer epochs, where no step differs from those of a run planned so; else a Problem says why.

    A learning rate that falls towards the planned end would end high, and no run can be made longer than its schedule.
    """
    known = _training(folder)
    training: Any = load(folder).training
    if training.max_steps or not known.max_steps:
        advice = "stop it when it is enough"
        raise Problem("this run is planned in steps, not in epochs", where=folder.name, advice=advice)
    planned = float(training.epochs)
    _allowed(folder.name, epochs, planned, training.schedule)
    target = math.ceil(epochs * known.max_steps / planned)
    if target <= known.step + 1:
        raise Problem(f"{epochs:g} epochs are over already", where=folder.name, advice="stop it, or name more epochs")
    _write(folder, f"control/{PLAN}", json.dumps({"max_steps": target, "epochs": epochs}))
    return f"ends after {epochs:g} epochs, at step {target:,}; nothing else about it changes"


def _allowed(name: str, epochs: float, planned: float, schedule: str) -> None:
    if not 0 < epochs < planned:
        what = f"{name} is planned for {planned:g} epochs, and can only be made shorter"
        raise Problem(what, advice="let it end, then train its model on with from: in a new run")
    if schedule not in STEADY:
        what = f"ending after {epochs:g} epochs would cut off the {schedule} schedule, which is planned for {planned:g}"
        raise Problem(what, where=name, advice="stop it at an evaluation, or repeat it with fewer epochs")


def _training(folder: Path) -> History:
    known = history(folder)
    if state(folder, known) not in GOING:
        raise Problem("this run is not going on", where=folder.name, advice="tunewright runs shows which are")
    if known.begun is None or known.phase in ("waiting", "libraries", "data", "model", "baseline"):
        at = known.phase or "starting"
        raise Problem(f"it does not train yet, it is at: {at}", where=folder.name, advice="ask again when it trains")
    if known.is_command and _processes(folder) > 1:
        what = "several processes train here, and a script of its own can't make them agree on a request"
        raise Problem(what, where=folder.name, advice="stop it, or let it go on")
    return known


def _processes(folder: Path) -> int:
    try:
        return int(read_text(folder / "reporter.lock", 100))
    except (OSError, ValueError):
        return 1


def _write(folder: Path, name: str, text: str) -> None:
    try:
        write(folder, name, text.encode())
    except OSError as error:
        what = f"the request can't be written ({error.strerror})"
        advice = "ask on the machine and as the user who trains"
        raise Problem(what, where=str(folder / name), advice=advice) from None
