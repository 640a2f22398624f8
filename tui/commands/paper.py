"""Commands that write: the script of a run, and the presets as run files."""

from pathlib import Path
from typing import Annotated

import typer

from tui.commands.options import GpuName, Json, MaybePreset, RunFile, Runs, Sets, Vram


def export(
    file: RunFile,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there; printed when not given.")
    ] = None,
    notebook: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it as a notebook (train.ipynb), a cell under each heading."),
    ] = None,
    settings: Sets = None,
    gpu: GpuName = None,
    vram: Vram = None,
    runs_folder: Runs = None,
) -> None:
    """Print the script of a run. It is one self-contained train.py that needs nothing of tunewright."""
    from engine.notebook import notebook as cells
    from engine.roots import root
    from tui.commands.say import complain, write
    from tui.planning import write_text

    text = _script(file, settings or [], root(runs_folder), gpu, vram)
    if notebook is not None:
        write_text(notebook, cells(text, notebook.name))
        complain(f"written to {notebook}; open it with: jupyter lab {notebook}")
    if output is not None:
        write_text(output, text)
        complain(f"written to {output}; run it with: uv run {output}, or python {output}")
    elif notebook is None:
        write(text)


def _script(file: Path, settings: list[str], root: Path, gpu: str | None, vram: float | None) -> str:
    from engine.findings import findings, sentence
    from engine.script import assemble
    from tui.commands import facts
    from tui.commands.consent import warn_of_code
    from tui.commands.say import warn
    from tui.commands.start import edited_script

    path = facts.run_file(file)
    edited = edited_script(path, settings)
    if edited is not None:
        warn("this script was edited by hand, and is printed as it is")
        return edited
    machine = facts.machine_or(root, gpu, vram)
    answers = facts.elsewhere(facts.answers_of(path, settings, root), machine)
    sight = facts.see(answers, machine)
    plan = facts.plan(answers, sight)
    text = assemble(plan.run)
    warn_of_code(plan.run)
    for absent in sight.unseen:
        warn(f"{absent.sentence}; the script is made without looking at it")
    for warning in (*plan.warnings, *map(sentence, findings(plan.run, sight.facts))):
        warn(warning)
    return text


def presets(
    name: MaybePreset = None,
    as_json: Json = False,
) -> None:
    """List the presets, or print one as the beginning of a run file."""
    from dataclasses import asdict

    from engine import preset
    from tui.commands.say import emit, say

    known = preset.presets()
    if name is None and as_json:
        emit([asdict(each) for each in known])
    elif name is None:
        for each in known:
            say(f"{each.name}: {each.title}")
            say(f"    {each.why}")
    else:
        _print(name, as_json=as_json)


def _print(name: str, *, as_json: bool) -> None:
    import textwrap
    from dataclasses import asdict

    from engine import preset
    from engine.document import dump_values
    from tui.commands.say import emit, write

    found = preset.preset(name)
    if as_json:
        emit(asdict(found))
        return
    comment = textwrap.indent("\n".join(textwrap.wrap(f"{found.title}: {found.why}", 110)), "# ")
    rows = {} if "data" in found.values else {"data": {"train": "rows.jsonl"}}
    write(f"{comment}\n{dump_values({**found.values, **rows})}")
