"""Commands that ask something of a run while it goes on: to stop, to save, to measure itself, to end earlier."""

from pathlib import Path
from typing import Annotated

import typer

from tui.commands.options import RunName, Runs

Hard = Annotated[bool, typer.Option("--hard", help="Kill it: what came after the last checkpoint is lost.")]
AtEvaluation = Annotated[bool, typer.Option("--at-evaluation", help="Stop when it has measured itself the next time.")]
Epochs = Annotated[float, typer.Argument(metavar="EPOCHS", help="After how many epochs it shall end; fewer than now.")]


def stop(run: RunName, hard: Hard = False, at_evaluation: AtEvaluation = False, runs_folder: Runs = None) -> None:
    """Let a run finish its step, save a checkpoint and end. Returns when it has ended."""
    from engine import control, run_folder
    from engine import run as engine
    from engine.problem import Problem
    from engine.roots import root
    from tui.commands.say import say
    from tui.commands.words import hint

    if hard and at_evaluation:
        raise Problem(
            "a run can't be killed and wait for its evaluation", where="--hard", advice="leave one of both out"
        )
    folder = run_folder.find(root(runs_folder), run)
    if at_evaluation:
        say(f"{folder.name} {control.ask(folder, 'stop_at_evaluation')}; ctrl+c leaves it to do so alone")
    else:
        engine.stop(folder, hard=hard)
    if not hard and not at_evaluation:
        say(f"{folder.name} finishes its step and saves a checkpoint; ctrl+c leaves it to do so alone")
    state = _ended(folder)
    again = "start the command again" if run_folder.is_command(folder) else f"tunewright resume {hint(folder)}"
    rest = "" if state == "completed" else f"; go on with: {again}"
    say(f"{folder.name} is {'killed' if state == 'died' else state}{rest}")


def _ended(folder: Path) -> str:
    """Wait until a run has ended, and return how."""
    import time

    from engine.follow import Follower
    from engine.run import GOING, state

    follower = Follower(folder)
    while True:
        follower.read()
        now = state(folder, follower.history)
        if now not in GOING and not follower.read():
            return now
        time.sleep(0.1)


def save(run: RunName, runs_folder: Runs = None) -> None:
    """Let a run save a checkpoint after this step, and go on."""
    _ask("save", run, runs_folder)


def evaluate(run: RunName, runs_folder: Runs = None) -> None:
    """Let a run measure itself on the test rows after this step, and go on."""
    _ask("evaluate", run, runs_folder)


def _ask(request: str, run: str, runs_folder: Path | None) -> None:
    from engine import control
    from engine.roots import root
    from engine.run_folder import find
    from tui.commands.say import say

    folder = find(root(runs_folder), run)
    say(f"{folder.name} {control.ask(folder, 'save' if request == 'save' else 'evaluate')}")


def shorten(run: RunName, epochs: Epochs, runs_folder: Runs = None) -> None:
    """Let a run end after fewer epochs, where that changes nothing else about it."""
    from engine import control
    from engine.roots import root
    from engine.run_folder import find
    from tui.commands.say import say

    folder = find(root(runs_folder), run)
    say(f"{folder.name} {control.shorten(folder, epochs)}")
