"""Commands about runs that are there: the list, one of them, stopping, deleting."""

from typing import Annotated

import typer

from tui.commands.options import Json, MaybeRun, RunName, Runs

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[WORD]...", help="Only runs with all of these in name, goal, model, state or note, or #TAG."
    ),
]
Text = Annotated[str | None, typer.Argument(help="The line, with #tags in it; an empty one takes it away.")]


def runs(words: Words = None, as_json: Json = False, runs_folder: Runs = None) -> None:
    """List the runs: those that go on first, then the newest."""
    from dataclasses import asdict

    from engine.listing import listing
    from engine.remarks import matches
    from engine.roots import root
    from tui.commands.describe import run_lines
    from tui.commands.say import emit, say
    from tui.words import place

    folder = root(runs_folder)
    every = listing(folder)
    found = [summary for summary in every if matches(summary, " ".join(words or ()))]
    if as_json:
        emit([asdict(summary) for summary in found])
        return
    none = (
        f"none of {len(every)} runs matches"
        if every
        else f"no runs in {place(folder)} yet; begin with: tunewright demo"
    )
    for line in run_lines(found) if found else [none]:
        say(line)


def note(run: RunName, text: Text = None, runs_folder: Runs = None) -> None:
    """Write a line about a run, to find it by; without one, print what stands there."""
    from engine import remarks
    from engine.roots import root
    from engine.run_folder import find
    from tui.commands.say import say
    from tui.words import literal

    folder = find(root(runs_folder), run)
    if text is not None:
        remarks.write_note(folder, text)
    say(literal(remarks.note(folder)) or f"nothing is written about {folder.name}")


def show(run: MaybeRun = None, as_json: Json = False, runs_folder: Runs = None) -> None:
    """Show one run, the newest by default: what it trains, how far it is, what came of it."""
    from engine.roots import root
    from engine.run_folder import find
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
    from engine import run_folder
    from engine.problem import Problem
    from engine.roots import root
    from tui.commands.say import is_terminal, say
    from tui.words import place, size

    folder = run_folder.find(root(runs_folder), run)
    if not yes:
        if not is_terminal():
            raise Problem("nobody is there to be asked", where="--yes", advice=f"add --yes to delete {folder.name}")
        if not typer.confirm(f"Delete {place(folder)} with its checkpoints and its model?", default=False):
            say("nothing was deleted")
            return
    say(f"{folder.name} is deleted; {size(engine.delete(folder))} are free again")
