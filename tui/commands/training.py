"""Commands that train: a run file, a stopped run, the embedded example."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from tui.commands.options import After, DemoGoal, Detach, EventsJson, Python, RunFile, RunName, Runs, Sets, Trust, Yes


def demo(
    goal: DemoGoal = "embed",
    headless: Annotated[bool, typer.Option("--headless", help="Plain lines in place of the full screen.")] = False,
    runs_folder: Runs = None,
    python: Python = None,
) -> None:
    """Train a small model on an embedded example. It needs no network, no GPU, and about a minute."""
    from engine.interpreter import VARIABLE
    from engine.roots import root
    from engine.run import launch
    from tui.commands.example import example
    from tui.commands.follow import launch_and_follow
    from tui.commands.fullscreen import full_screen
    from tui.commands.say import is_terminal
    from tui.commands.start import announce

    created = example(goal, root(runs_folder), python)

    def start() -> None:  # what is said first can be answered with ctrl+c, and is said where that is listened to
        announce(created)
        launch(created.folder, python=created.python)

    if headless or not is_terminal():
        raise typer.Exit(launch_and_follow(created.folder, start, as_json=False))
    start()
    os.environ[VARIABLE] = created.python  # for a resume from the screen
    raise typer.Exit(full_screen(created.folder.parent, created.folder))


def run(
    file: RunFile,
    settings: Sets = None,
    trust: Trust = False,
    detach: Detach = False,
    as_json: EventsJson = False,
    after: After = None,
    yes: Yes = False,
    runs_folder: Runs = None,
    python: Python = None,
) -> None:
    """Train what a run file describes. What it leaves open is filled in; ctrl+c stops with a checkpoint."""
    from engine.roots import root
    from engine.run import check_going, launch
    from engine.run_folder import find
    from tui.commands.consent import consenting
    from tui.commands.start import announce, create

    before = find(root(runs_folder), after) if after else None
    if before is not None:
        check_going(before)
    given = settings or []
    created = consenting(lambda: create(file, given, root(runs_folder), python, yes=yes), given, trust)

    def start() -> None:
        if not as_json:
            announce(created)
        launch(created.folder, python=created.python, after=before)

    raise typer.Exit(_go(created.folder, start, detach=detach, as_json=as_json))


def resume(
    run_name: RunName,
    trust: Trust = False,
    detach: Detach = False,
    force: Annotated[bool, typer.Option("--force", help="Go on though the rows or the script have changed.")] = False,
    as_json: EventsJson = False,
    runs_folder: Runs = None,
    python: Python = None,
) -> None:
    """Go on with a run from its last checkpoint."""
    from engine import run as runs
    from engine import run_folder
    from engine.interpreter import interpreter
    from engine.roots import root
    from tui.commands.consent import consenting
    from tui.commands.start import check_libraries, say_how_to_watch

    folder = run_folder.find(root(runs_folder), run_name)
    described, found = run_folder.load(folder), interpreter(python)
    check_libraries(found, described.goal, described.method.kind)

    def start() -> None:
        consenting(lambda: runs.resume(folder, python=found.python, force=force), (), trust)
        if not as_json:
            say_how_to_watch(folder)

    raise typer.Exit(_go(folder, start, detach=detach, as_json=as_json))


def _go(folder: Path, start: Callable[[], None], *, detach: bool, as_json: bool) -> int:
    if not detach:
        from tui.commands.follow import launch_and_follow

        return launch_and_follow(folder, start, as_json=as_json)
    start()
    if as_json:
        from tui.commands.say import emit

        emit({"run": folder.name, "folder": str(folder)})
    return 0
