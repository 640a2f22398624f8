"""Commands about runs that are there: the list, one of them, stopping, deleting."""

from dataclasses import asdict
from typing import Annotated

import typer

from tui.commands.options import DeletedRun, Json, MaybeRun, RunName, Runs

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[WORD]...", help="Only runs with all of these in name, goal, model, state or note, or #TAG."
    ),
]
Text = Annotated[str | None, typer.Argument(help="The line, with #tags in it; an empty one takes it away.")]

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Empty = Annotated[bool, typer.Option("--empty", help="Remove them for good, after a question.")]
Gone = Annotated[list[str] | None, typer.Argument(metavar="[RUN]...", help="Only these of the deleted runs.")]


def runs(words: Words = None, as_json: Json = False, runs_folder: Runs = None) -> None:
    """List the runs: those that go on first, then the newest."""
    from engine.listing import listing
    from engine.remarks import matches
    from engine.roots import root
    from engine.trash import number as number_deleted
    from tui.commands.describe import run_lines
    from tui.commands.say import emit, say
    from tui.widgets.figures import plural
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
    if gone := number_deleted(folder):
        say(f"in the trash: {plural(gone, 'deleted run')}; see tunewright trash")


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


def delete(run: RunName, yes: Yes = False, runs_folder: Runs = None) -> None:
    """Move a run to the trash, from which tunewright restore brings it back. Its room is free once that is emptied."""
    from engine import trash
    from engine.roots import root
    from engine.run_folder import find
    from tui.commands.say import say
    from tui.words import literal, place, size

    folder = find(root(runs_folder), run)
    room = size(trash.size(folder))
    if not yes and not _agreed(f"Delete {place(folder)} with its checkpoints and its model ({room})?"):
        say("nothing was deleted")
        return
    name = literal(trash.delete(root(runs_folder), folder).name)
    say(f"{folder.name} is deleted; get it back with: tunewright restore {name}")
    say(f"it is in the trash: its {room} are free once that is emptied with: tunewright trash --empty")


def restore(run: DeletedRun, runs_folder: Runs = None) -> None:
    """Bring a deleted run back from the trash, as it was."""
    from engine import trash
    from engine.roots import root
    from tui.commands.say import say

    folder = trash.restore(root(runs_folder), run)
    renamed = "" if folder.name == run else f" as {folder.name}, since its name is taken by now"
    say(f"{run} is back{renamed}")


def trash(
    names: Gone = None, empty: Empty = False, yes: Yes = False, as_json: Json = False, runs_folder: Runs = None
) -> None:
    """List the deleted runs and the room that they take; with --empty remove them for good."""
    from engine import trash as engine
    from engine.roots import root
    from tui.commands.describe import deleted_lines
    from tui.commands.say import emit, say
    from tui.words import size

    folder = root(runs_folder)
    found = engine.listing(folder, names or ())
    room = size(sum(deleted.bytes for deleted in found))
    if as_json and not empty:
        emit([asdict(deleted) for deleted in found])
        return
    for line in deleted_lines(found):
        say(line)
    if not empty:
        say(f"{room} in all; tunewright trash --empty frees them" if found else "the trash is empty")
    elif yes or _agreed(f"Remove {room} for good? This cannot be undone.", what="empty the trash"):
        say(f"{size(engine.empty(folder, names or ()))} are free again")
    else:
        say("nothing was removed")


def _agreed(question: str, what: str = "delete it") -> bool:
    from engine.problem import Problem
    from tui.commands.say import is_terminal

    if not is_terminal():
        raise Problem("nobody is there to be asked", where="--yes", advice=f"add --yes to {what}")
    return typer.confirm(question, default=False)
