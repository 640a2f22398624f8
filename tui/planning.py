"""What the plan screen asks of the engine, off the screen's own thread: a plan, the largest batch, a start."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.config import Run, plain
from engine.data.facts import DataProblem
from engine.document import put
from engine.draft import leaves
from engine.findings import findings, refuse_wrong
from engine.fitting import Change, cheapest, largest_batch, longest_text, remember
from engine.guide import Facts, Plan, recommend
from engine.interpreter import Interpreter, interpreter, missing
from engine.lifetime import kills_detached
from engine.machine import Machine
from engine.problem import Problem

if TYPE_CHECKING:
    from engine.warm import Warm

WARM_RAM = 3 << 30
"""Free memory in bytes from which the libraries (0.6 GiB) may be loaded before the start."""
ROUNDS = 5
"""How often the guide is asked anew until a repeated run is described by a few answers."""


@dataclass(frozen=True)
class Thought:
    """A plan, the largest batch (with its accumulation) and text that fit, what would help, and what was found."""

    plan: Plan
    largest: tuple[int, int] | None
    warnings: tuple[str, ...] = ()
    obstacle: str = ""
    longest: int | None = None
    change: Change | None = None
    found: tuple[DataProblem, ...] = ()


def think(plan: Plan, facts: Facts) -> Thought:
    """Return the plan with the largest batch, and with what a person should know before it is started."""
    obstacle, note = "", kills_detached()
    found = findings(plan.run, facts)
    try:
        ready(plan.run, facts)
        refuse_wrong(plan.run, found)
    except Problem as problem:
        obstacle = problem.sentence
    ends = () if note is None or note.level == "good" else (f"{note.message}; {note.advice}",)
    fits = plan.estimate is None or plan.estimate.fits is not False
    change = None if fits else cheapest(plan.run, facts)
    most = (largest_batch(plan.run, facts), (*plan.warnings, *ends), obstacle, longest_text(plan.run, facts))
    return Thought(plan, *most, change, found)


def sparse(complete: dict[str, Any], facts: Facts) -> dict[str, Any]:
    """Return of a complete run only what the guide would not choose by itself, so that it can follow later changes.

    A card that this machine does not have is left out; where the guide can't follow, everything stays.
    """
    answers = {
        "goal": complete["goal"],
        "model": {"id": complete["model"]["id"]},
        "data": {name: complete["data"][name] for name in ("train", "columns")},
    }
    wanted = [leaf for leaf in leaves(complete) if leaf[0] != "launch.devices" or _here(leaf[1], facts)]
    for _ in range(ROUNDS):
        chosen = dict(leaves(plain(recommend(answers, facts).run)))
        other = [(dotted, value) for dotted, value in wanted if chosen.get(dotted) != value]
        if not other:
            return answers
        for dotted, value in other:
            answers = put(answers, dotted, value)
    return complete


def _here(devices: list[str], facts: Facts) -> bool:
    return all(facts.machine.find(device) is not None for device in devices)


def timed(plan: Plan) -> tuple[Run, float | None]:
    """Return the run of a plan and the seconds that it will take."""
    known = plan.estimate.seconds if plan.estimate is not None else None
    return plan.run, known[1] if known is not None else None


def ready(run: Run, facts: Facts) -> Interpreter:
    """Return the Python that will train; a Problem says what is missing, libraries or weights, and how to get it."""
    if facts.model is not None and facts.model.folder is not None and not facts.model.bytes_on_disk:
        advice = "download the whole model, or choose another one"
        raise Problem("this folder holds no weights", where=str(facts.model.folder), advice=advice, code="weights")
    found = interpreter()
    kernel = getattr(run.training, "loss_kernel", "")
    lacking = missing(found, run.goal, run.method.kind, kernel, run.data.drop)
    if lacking:
        raise Problem(
            f"the training libraries are not complete in {found.python}: {', '.join(lacking)}",
            advice="pip install 'tunewright[train]', or name a Python that has them in TUNEWRIGHT_PYTHON",
            code="libraries",
        )
    return found


def warm_up(thought: Thought, warm: "Warm | None", machine: Machine) -> "Warm | None":
    """Return a worker that loads the libraries of this plan: the one that waits already, a new one, or none.

    None is started where the plan can't be, where memory is short, or where TUNEWRIGHT_WARM is 0.
    """
    from engine.warm import Warm

    run = thought.plan.run
    if warm is not None:
        if warm.suits(run):
            return warm
        warm.end()
    wanted = os.environ.get("TUNEWRIGHT_WARM", "1") != "0" and machine.ram_free > WARM_RAM
    suits = not (thought.obstacle or machine.imagined or run.model.trust_remote_code)
    return Warm(run) if wanted and suits else None


def start(run: Run, facts: Facts, runs: Path, warm: "Warm | None" = None) -> Path:
    """Create the run's folder, start its worker or hand it to the waiting one, and return the folder."""
    from engine.estimate import estimate
    from engine.measured import keep_prediction
    from engine.run import launch
    from engine.run_folder import create

    found, told = ready(run, facts), findings(run, facts)
    refuse_wrong(run, told)
    folder = create(run, runs, python_versions=dict(found.versions), found=told)
    if facts.model is not None:
        keep_prediction(folder, run, estimate(run, facts.model, facts.machine, facts.data))
    remember(folder, run, facts)
    if not (warm is not None and warm.suits(run) and warm.begin(folder)):
        launch(folder, python=found.python)
    return folder


def write_text(path: Path, text: str) -> None:
    """Write a file that a person asked for; a Problem says why it can't be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        advice = "choose another place"
        raise Problem(f"it can't be written ({error.strerror})", where=str(path), advice=advice) from None
