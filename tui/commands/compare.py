"""The command that puts several runs beside one another."""

from typing import Annotated

import typer

from tui.commands.options import Runs

Names = Annotated[list[str], typer.Argument(metavar="RUN...", help="Names or paths of two to five runs.")]
Plain = Annotated[bool, typer.Option("--headless", help="Plain lines in place of the full screen.")]


def compare(names: Names, headless: Plain = False, runs_folder: Runs = None) -> None:
    """Draw several runs in one picture, with the settings in which they differ. As lines where there is no terminal."""
    from engine.best import best
    from engine.differences import differences
    from engine.listing import glance
    from engine.problem import Problem
    from engine.roots import root
    from engine.run_folder import find
    from tui.commands.say import is_terminal, say
    from tui.commands.words import columns, result
    from tui.words import literal

    folders = [find(root(runs_folder), name) for name in names]
    if not 2 <= len(folders) <= 5:
        raise Problem("two to five runs can be compared", advice="see tunewright runs for their names", code="usage")
    if not headless and is_terminal():
        from tui.commands.fullscreen import full_screen

        raise typer.Exit(full_screen(folders[0].parent, folders[0], others=folders))
    rows = [("", *(literal(folder.name) for folder in folders))]
    found = [best(glance(folder)) for folder in folders]
    rows.append(("result", *(result(each) or "-" for each in found)))
    rows += [(name, *(literal(value) or "-" for value in values)) for name, values in differences(folders).items()]
    for line in columns(rows):
        say(line)
