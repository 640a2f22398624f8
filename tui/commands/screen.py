"""The command that shows a run, a file that others wrote, or a command of the user's own."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from tui.commands.options import Runs


class WithCommand(TyperCommand):
    """Leaves what follows two dashes as it is: it is a command of the user's own."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Set the words after the dashes aside, and read the others as usual."""
        if "--" in args:
            split = args.index("--")
            ctx.meta["command"] = args[split + 1 :]
            args = args[:split]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Name the other form beside the usual one."""
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND...]"]


What = Annotated[
    str | None,
    typer.Argument(
        metavar="[RUN|FILE]",
        help="A run's folder by name or path, the newest when not given; or what others wrote: trainer_state.json, "
        "TensorBoard event files, an offline run of W&B, CSV, JSON lines, a printed log. "
        "After -- any command: it is started, and the Hugging Face trainer in it is shown.",
    ),
]
Headless = Annotated[bool, typer.Option("--headless", help="Plain lines in place of the full screen.")]

ReadOnly = Annotated[bool, typer.Option("--read-only", help="Only look on: no key changes the run.")]
Call = Annotated[
    str | None,
    typer.Option(
        "--alarm",
        metavar="HOW",
        help="At the end and at each warning: bell, osc9 or osc777 (notifications of the terminal), or a command that "
        "gets the sentence as its last word. TUNEWRIGHT_ALARM when not given.",
    ),
]
Slow = Annotated[bool, typer.Option("--slow", help="For a bad line: a picture every five seconds.")]


def watch(
    context: typer.Context,
    run: What = None,
    headless: Headless = False,
    read_only: ReadOnly = False,
    slow: Slow = False,
    alarm: Call = None,
    runs_folder: Runs = None,
) -> None:
    """Watch a run live, or see what came of it. As plain lines where there is no terminal."""
    from engine.problem import Problem
    from engine.roots import root
    from engine.run_folder import is_run
    from tui.alarm import Alarm
    from tui.commands.say import is_terminal

    plain = headless or not is_terminal()
    Alarm(alarm, "").check()
    command: list[str] | None = context.meta.get("command")
    if command is not None:
        if run is not None:
            raise Problem("a run and a command can't be watched at once", advice=f"leave '{run}' out", code="usage")
        raise typer.Exit(_start(command, root(runs_folder), plain=plain, slow=slow, alarm=alarm))
    folder = _find(root(runs_folder), run)
    if not is_run(folder):
        from engine.foreign import first
        from tui.commands.curves import print_curves

        found = first(folder)
        if plain:
            print_curves(found)
            return
    if plain:
        from tui.commands.follow import look_on

        raise typer.Exit(look_on(folder, Alarm(alarm, folder.name)))
    from tui.commands.fullscreen import full_screen

    runs = folder.parent if is_run(folder) else root(runs_folder)
    raise typer.Exit(full_screen(runs, folder, read_only=read_only, slow=slow, alarm=alarm))


def _find(runs: Path, name: str | None) -> Path:
    """Return a run's folder; where there is no such run, the file or folder of others of that name."""
    from engine.problem import Problem
    from engine.run_folder import find

    try:
        return find(runs, name)
    except Problem:
        if name is None or not Path(name).exists():
            raise
        return Path(name).absolute()


def _start(words: list[str], runs: Path, *, plain: bool, slow: bool, alarm: str | None) -> int:
    from engine import run as engine
    from engine.command import create, launch
    from tui.commands.follow import launch_and_follow, status
    from tui.commands.start import say_how_to_watch

    folder = create(words, runs)
    say_how_to_watch(folder)
    if plain:
        return launch_and_follow(folder, lambda: launch(folder), as_json=False)
    from tui.commands.fullscreen import full_screen

    launch(folder)
    left = full_screen(runs, folder, slow=slow, alarm=alarm)
    known = engine.history(folder)
    state = engine.state(folder, known)
    return left if state in engine.GOING else status(state, known)
