"""Commands about runs that are there: the list, one of them, stopping, deleting."""

from typing import Annotated

import typer

from tui.commands.options import Json, MaybeRun, RunName, Runs


def runs(as_json: Json = False, runs_folder: Runs = None) -> None:
    """List the runs: those that go on first, then the newest."""
    from dataclasses import asdict

    from engine.listing import listing
    from engine.roots import root
    from tui.commands.describe import run_lines
    from tui.commands.say import emit, say
    from tui.words import place

    folder = root(runs_folder)
    found = listing(folder)
    if as_json:
        emit([asdict(summary) for summary in found])
        return
    for line in run_lines(found) if found else [f"no runs in {place(folder)} yet; begin with: tunewright demo"]:
        say(line)


def show(run: MaybeRun = None, as_json: Json = False, runs_folder: Runs = None) -> None:
    """Show one run, the newest by default: what it trains, how far it is, what came of it."""
    from engine.roots import root
    from engine.run import find
    from tui.commands.describe import report, report_lines
    from tui.commands.say import emit, say

    folder = find(root(runs_folder), run)
    if as_json:
        emit(report(folder))
        return
    for line in report_lines(folder):
        say(line)


def delete(
    run: RunName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    runs_folder: Runs = None,
) -> None:
    """Remove a run with its checkpoints and its model from the disk."""
    from engine import run as engine
    from engine.problem import Problem
    from engine.roots import root
    from tui.commands.say import is_terminal, say
    from tui.words import place, size

    folder = engine.find(root(runs_folder), run)
    if not yes:
        if not is_terminal():
            raise Problem("nobody is there to be asked", where="--yes", advice=f"add --yes to delete {folder.name}")
        if not typer.confirm(f"Delete {place(folder)} with its checkpoints and its model?", default=False):
            say("nothing was deleted")
            return
    say(f"{folder.name} is deleted; {size(engine.delete(folder))} are free again")
