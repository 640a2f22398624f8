"""All commands in one program, in the order in which a person needs them."""

import os
from typing import Annotated

import typer

from tui.commands import advice, compare, control, machine, paper, runs, screen, tokens, training
from tui.commands.fullscreen import full_screen
from tui.commands.options import Runs


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"tunewright {version('tunewright')}")
        raise typer.Exit


program = typer.Typer(
    help="Teach a model what your examples show: three questions, a model trained live, a script to take home.",
    epilog="tunewright alone opens the full screen. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 stopped.",
    rich_markup_mode=None,  # rich would double the time that --help takes
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


@program.callback(invoke_without_command=True)
def begin(
    context: typer.Context,
    runs_folder: Runs = None,
    _asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Open the full screen when no command is given."""
    if context.invoked_subcommand is None:
        raise typer.Exit(full_screen(runs_folder))
    if runs_folder is not None:
        os.environ["TUNEWRIGHT_RUNS"] = str(runs_folder)  # said before the command, it holds for the command


for command in (
    training.demo,
    training.run,
    screen.watch,
    runs.runs,
    runs.show,
    runs.note,
    compare.compare,
    control.stop,
    control.save,
    control.evaluate,
    control.shorten,
    training.resume,
    runs.delete,
    runs.restore,
    runs.trash,
    paper.export,
    advice.advise,
    advice.estimate,
    advice.inspect,
    tokens.tokens,
    paper.presets,
    machine.doctor,
):
    program.command(cls=screen.WithCommand if command is screen.watch else None)(command)
