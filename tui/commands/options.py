"""The arguments and options that several commands share, each described once."""

from pathlib import Path
from typing import Annotated

import typer


def _one_of(what: str, name: str, known: list[str]) -> str:
    """Return the name when it is known; otherwise this is wrong usage, and the nearest one is named."""
    from engine.problem import nearest

    if name not in known:
        raise typer.BadParameter(f"there is no {what} '{name}'; {nearest(name, known)}")
    return name


def _goal(name: str | None) -> str | None:
    from engine.config import RUN_TYPES

    return name if name is None else _one_of("goal", name, list(RUN_TYPES))


def _demo_goal(name: str) -> str:
    from engine.demo import GOALS

    return _one_of("demonstration of", name, list(GOALS))


def _preset(name: str | None) -> str | None:
    from engine.preset import presets

    return name if name is None else _one_of("preset", name, [each.name for each in presets()])


Runs = Annotated[
    Path | None,
    typer.Option("--runs", metavar="DIR", help="Folder of all runs; TUNEWRIGHT_RUNS, or runs, when not given."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
EventsJson = Annotated[bool, typer.Option("--json", help="Print the run's events, one JSON object a line.")]
Detach = Annotated[bool, typer.Option("--detach", help="Start it, say how to watch it, and return.")]
After = Annotated[
    str | None,
    typer.Option("--after", metavar="RUN", help="Queue it: it begins when that run has ended, in whatever way."),
]
Yes = Annotated[
    bool,
    typer.Option("--yes", "-y", help="Take the guess where the columns do not say for sure which roles they play."),
]
Python = Annotated[
    str | None,
    typer.Option("--python", metavar="PATH", help="The Python that has the training libraries."),
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="A.B=C", help="Override a field, as in training.epochs=1; may be repeated."),
]
Trust = Annotated[
    bool,
    typer.Option("--trust", help="Agree to the code of others that it would run, and remember that; read it first."),
]
Wishes = Annotated[
    list[str] | None,
    typer.Option("--wish", metavar="Q=A", help="Answer a question of the guide, as in keep=yes; may be repeated."),
]
GpuName = Annotated[
    str | None,
    typer.Option("--gpu", metavar="NAME", help="What if: plan for this card in place of this machine, as in T4."),
]
Trace = Annotated[
    bool,
    typer.Option("--trace", help="Count a dry run of the real step as well: no card, no weights, some seconds."),
]
Vram = Annotated[
    float | None,
    typer.Option("--vram", metavar="GIB", help="What if: plan for a card with this much memory."),
]
RunFile = Annotated[Path, typer.Argument(metavar="RUN.yaml", help="A run file, or the folder of a run.")]
RunFiles = Annotated[list[Path], typer.Argument(metavar="RUN.yaml", help="Run files, or folders of runs.")]
DeletedRun = Annotated[
    str, typer.Argument(metavar="RUN", help="The name of a deleted run, as tunewright trash lists it.")
]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="The name of a run's folder, or its path.")]
MaybePreset = Annotated[
    str | None, typer.Argument(metavar="NAME", callback=_preset, help="The preset to print as a run file.")
]
MaybeRun = Annotated[
    str | None,
    typer.Argument(metavar="RUN", help="The name of a run's folder, or its path; the newest run when not given."),
]
DemoGoal = Annotated[
    str, typer.Argument(metavar="GOAL", callback=_demo_goal, help="embed (find the right passage) or sft (answer).")
]
Goal = Annotated[
    str | None,
    typer.Option(
        "--goal",
        metavar="G",
        callback=_goal,
        help="What it should learn, such as sft; taken from the data when not given.",
    ),
]
