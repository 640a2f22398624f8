"""The command that shows a run."""

import typer

from tui.commands.options import MaybeRun, Runs


def watch(run: MaybeRun = None, runs_folder: Runs = None) -> None:
    """Watch a run live, or see what came of it. As plain lines where there is no terminal."""
    from engine.roots import root
    from engine.run import find
    from tui.commands.say import is_terminal

    folder = find(root(runs_folder), run)
    if is_terminal():
        from tui.commands.fullscreen import full_screen

        raise typer.Exit(full_screen(folder.parent, folder))
    from tui.commands.follow import look_on

    raise typer.Exit(look_on(folder))
