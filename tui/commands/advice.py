"""Commands that train nothing: which method, how much memory, what a data set is."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tui.commands.options import Goal, GpuName, Json, Python, RunFiles, Runs, Sets, Trace, Trust, Vram, Wishes

GREATEST = "estimated for rows of the greatest length"


def advise(
    goal: Goal = None,
    model: Annotated[str, typer.Option("--model", metavar="M", help="A model folder or a hub id.")] = ...,  # type: ignore[assignment]
    data: Annotated[str | None, typer.Option("--data", metavar="D", help="A data file, a folder, or a hub id.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Save the complete run there, as YAML.")
    ] = None,
    settings: Sets = None,
    wishes: Wishes = None,
    gpu: GpuName = None,
    vram: Vram = None,
    runs_folder: Runs = None,
    as_json: Json = False,
) -> None:
    """Say which method fits goal, model, data and machine. Every choice of the complete run comes with its reason."""
    from engine.document import override, resolve
    from engine.findings import findings
    from engine.guide import recommend
    from engine.roots import root
    from tui.commands import facts
    from tui.commands.say import emit, say
    from tui.commands.verdicts import plan_lines, plan_values, save

    given: dict[str, Any] = {"model": {"id": model}} | ({"goal": goal} if goal else {})
    given |= {"data": {"train": data}} if data else {}
    answers = resolve(override(given, settings or []), Path.cwd())
    machine = facts.machine_or(root(runs_folder), gpu, vram)
    seen = facts.here(answers, machine)
    plan = recommend(answers, seen, facts.wished(wishes or []))
    found = findings(plan.run, seen)
    if output is not None:
        save(plan.run, output, found)
    if as_json:
        emit(plan_values(plan, machine, found))
        return
    for line in plan_lines(plan, machine, found):
        say(line)


def estimate(
    files: RunFiles,
    settings: Sets = None,
    gpu: GpuName = None,
    vram: Vram = None,
    runs_folder: Runs = None,
    trace: Trace = False,
    trust: Trust = False,
    python: Python = None,
    as_json: Json = False,
) -> None:
    """Say how much memory and time runs need, and whether they fit. Several files make a list."""
    from engine.roots import root
    from tui.commands import facts
    from tui.commands.dry import dry_lines, dry_values, traced
    from tui.commands.say import emit, say, warn
    from tui.commands.verdicts import estimate_values
    from tui.commands.words import estimate_line, terms_line

    machine = facts.machine_or(root(runs_folder), gpu, vram)
    found = [facts.estimated(file, settings or [], machine, root(runs_folder)) for file in files]
    counted = traced(files, settings or [], machine, root(runs_folder), python, trust) if trace else [None] * len(files)
    if as_json:
        values = [
            estimate_values(file, spent) | dry_values(dry, spent)
            for file, (spent, _), dry in zip(files, found, counted, strict=True)
        ]
        emit(values if len(values) > 1 else values[0])
        return
    for file, (spent, unseen), dry in zip(files, found, counted, strict=True):
        say(f"{file}: {estimate_line(spent)}")
        say(f"    {terms_line(spent)}")
        for line in dry_lines(dry):
            say(f"    {line}")
        if spent.fits is False:
            say(f"    {facts.way_out(file, settings or [], machine, root(runs_folder))}")
        for problem in unseen:
            warn(problem.sentence if problem.code == "fp16-full" else f"{problem.sentence}; {GREATEST}")
        for note in spent.notes:
            warn(note)


def inspect(
    data: Annotated[str, typer.Argument(metavar="DATA", help="A data file, a folder, a pattern, or a hub id.")],
    goal: Goal = None,
    test: Annotated[
        str, typer.Option("--test", metavar="FILE", help="Test rows: none of them should stand in the data as well.")
    ] = "",
    model: Annotated[
        str, typer.Option("--model", metavar="M", help="Count the rows in tokens of this model: a folder or a hub id.")
    ] = "",
    max_length: Annotated[
        int, typer.Option("--max-length", metavar="N", min=8, help="The longest text in tokens that the model reads.")
    ] = 1024,
    as_json: Json = False,
) -> None:
    """Say what a data set is, and what is wrong with it for a goal, by default the one that suits it best."""
    from engine.data import look
    from engine.data.checks import Asked, check, together
    from engine.model import look as look_at_model
    from engine.problem import Problem
    from engine.token_report import report
    from tui.commands.rows import data_lines, data_values, nothing, problem_line, token_lines
    from tui.commands.say import emit, say_all

    try:
        facts = look(data)
        tokens = report(goal or "", look_at_model(model), facts, max_length) if model else None
        if not as_json:  # the checks take longer than all this
            say_all((*data_lines(facts), *token_lines(tokens)))
        longest, letters = (tokens.max_length, tokens.letters_per_token) if tokens else (max_length, 0.0)
        found = check(facts, Asked(goal or "", test=test, tokens=longest, letters_per_token=letters))
    except Problem as problem:
        if as_json:
            emit(nothing(data, problem))
        raise
    problems = together(facts.problems, found)
    if as_json:
        emit(data_values(facts, problems, tokens))
    else:
        say_all(map(problem_line, problems))
