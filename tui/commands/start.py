"""Starting a run from its file: looked at, completed, written into a folder of its own, and launched."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from engine import run_folder
from engine.config import Run
from engine.data.facts import DataProblem
from engine.findings import findings, refuse_wrong, sentence
from engine.fitting import remember
from engine.guide import Plan, recommend
from engine.interpreter import Interpreter, interpreter, missing
from engine.lifetime import kills_detached
from engine.machine import look as look_at_machine
from engine.measured import keep_prediction
from engine.problem import Problem
from tui.commands.facts import answers_of, here, run_file
from tui.commands.say import is_terminal, say, warn
from tui.commands.words import estimate_line, hint
from tui.words import literal, place


@dataclass(frozen=True, slots=True)
class Created:
    """A run that is written and not started yet."""

    folder: Path
    plan: Plan
    python: str
    found: tuple[DataProblem, ...] = ()


def create(file: Path, assignments: Sequence[str], root: Path, python: str | None, *, yes: bool = False) -> Created:
    """Write the folder of the run that a file describes, with all that it leaves open filled in."""
    path = run_file(file)
    answers = answers_of(path, assignments, root)
    return begin(answers, root, interpreter(python), script_to_run(path, assignments), yes=yes)


def begin(
    answers: dict[str, Any], root: Path, found: Interpreter, script: str | None = None, *, yes: bool = False
) -> Created:
    """Write the folder of the run that follows from the answers; `script` is one that was edited by hand.

    Where nobody said which column plays which role and the rows leave it open, `yes` takes the guess.
    """
    facts = here(answers, look_at_machine(root))
    plan = recommend(answers, facts)
    told = findings(plan.run, facts)
    if answers.get("data", {}).get("columns"):
        told = tuple(each for each in told if each.code != "unsure")
    elif not yes:
        check_sure(plan.run, told)
    refuse_wrong(plan.run, told)
    kernel = getattr(plan.run.training, "loss_kernel", "")
    check_libraries(found, plan.run.goal, plan.run.method.kind, kernel, plan.run.data.drop)
    folder = run_folder.create(plan.run, root, script=script, python_versions=dict(found.versions), found=told)
    keep_prediction(folder, plan.run, plan.estimate)
    remember(folder, plan.run, facts)
    return Created(folder, plan, found.python, told)


def check_sure(run: Run, found: Sequence[DataProblem]) -> None:
    """Ask whether the roles are right where the columns do not say it for sure; a Problem where nobody can answer."""
    unsure = next((each for each in found if each.code == "unsure"), None)
    if unsure is None:
        return
    roles = ", ".join(f"{role}: {name}" for role, name in run.data.columns.items())
    what = f"{unsure.message}; they would be read as {{{roles}}}"
    if not is_terminal():
        advice = "say in data.columns which column plays which role, or add --yes"
        raise Problem(what, where=run.data.told, advice=advice, code="unsure")
    warn(what)
    if not typer.confirm("Train on them like this?", default=False):
        raise Problem("nothing was started", where=run.data.told, advice="say in data.columns what they are")


def edited_script(path: Path, assignments: Sequence[str] = ()) -> str | None:
    """Return the script beside a run file when somebody edited it: it is what that run is, and what is repeated."""
    if not run_folder.is_edited(path.parent):
        return None
    script = path.parent / "train.py"
    if assignments:
        what = f"{place(script)} was edited by hand, so it no longer follows the run file"
        raise Problem(what, where="--set", advice="change the setting in the script, or leave --set out")
    return script.read_text("utf-8")


def script_to_run(path: Path, assignments: Sequence[str] = ()) -> str | None:
    """Return the edited script beside a run file; one that is not this user's own raises ConsentNeeded first."""
    from engine.consent import require
    from engine.own_runs import foreign_script

    text = edited_script(path, assignments)
    foreign = foreign_script(path.parent) if text is not None else None
    if foreign is None:
        return text
    require([foreign])
    return foreign.files[0].text


def check_libraries(found: Interpreter, goal: str, method: str, kernel: str = "", drop: Sequence[str] = ()) -> None:
    """Raise a Problem when the Python that trains lacks libraries: which, and how to get them."""
    lacking = missing(found, goal, method, kernel, drop)
    if lacking:
        what = f"the training libraries are not complete ({', '.join(lacking)} missing)"
        advice = "pip install 'tunewright[train]', or name a Python that has them with --python or TUNEWRIGHT_PYTHON"
        raise Problem(what, where=found.python, advice=advice, code="libraries")


def announce(created: Created) -> None:
    """Say what will happen before it happens: what is trained, where, what it takes, and what to know."""
    run, folder = created.plan.run, created.folder
    model = f"from {run.model.origin}" if run.model.origin else place(run.model.id)
    say(f"{folder.name}: {run.goal} · {run.method.kind} · {literal(model)}")
    if created.plan.estimate is not None:
        say(estimate_line(created.plan.estimate))
    if run_folder.is_edited(folder):
        say("train.py is the one that was edited by hand")
    for warning in created.plan.warnings:
        warn(warning)
    for each in created.found:
        say_finding(each)
    if getattr(run.objective, "chat_template", "") == "plain" and run.model.kind != "seq2seq":
        why = created.plan.reasons.get("objective.chat_template", "the run asks for the plain one")
        say(f"note: {why}; ask the tuned model in the same form, which is saved with its tokenizer")
    say_how_to_watch(folder)


def say_finding(problem: DataProblem) -> None:
    """Print one finding: what is only to be known among the other lines, a warning on stderr."""
    if problem.severity == "note":
        say(f"note: {sentence(problem)}")
    else:
        warn(sentence(problem))


def say_how_to_watch(folder: Path) -> None:
    """Name the folder and the way to the run, and what would end it with the terminal."""
    say(f"folder {place(folder)}; watch it with: tunewright watch {hint(folder)}")
    note = kills_detached()
    if note is not None and note.level != "good":
        warn(f"{note.message}; {note.advice}")
