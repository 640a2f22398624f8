"""The form of a script: its first words, settings, imports and sections, as a person reads them downwards."""

import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence

from engine.assembly import Module, Setting
from engine.config import Run
from engine.problem import Problem

WIDTH = 120
HEADING_WIDTH = 117
OUTLINE = ("model launch data", "method", "objective", "training", "retention", "")
"""The groups of settings: sections of a run whose settings stand together."""
SHOWN = ("SAMPLES", "MAX_NEW_TOKENS")
"""Settings of what is shown, which stand at the end with the place of the results."""


def heading(title: str) -> str:
    """Return the line that a section begins with."""
    return f"# --- {title} ".ljust(HEADING_WIDTH, "-")


TRAINS = """\
Run:      uv run train.py                  or python train.py, with the packages below
Try:      SMOKE_TEST=1 uv run train.py     two steps on a few rows, into output-smoke/
Resume:   run it again: it goes on from the newest whole checkpoint in output/
Writes:   output/model         what was trained, with a model card
          output/results.json  metrics before and after, and samples"""
MEASURES = """\
Run:      uv run train.py      or python train.py, with the packages below
Writes:   output/results.json  metrics and samples"""


def header(run: Run, name: str, version: str, pins: Sequence[str]) -> str:
    """Return the docstring and the metadata that uv reads."""
    return "\n".join(
        [
            f'"""{purpose(run)}',
            "",
            TRAINS if run.training.epochs else MEASURES,
            f"Made by tunewright {version} from the run {name}. It needs nothing of tunewright.",
            '"""',
            "",
            "# /// script",
            '# requires-python = ">=3.11"',
            "# dependencies = [",
            *(f'#     "{pin}",' for pin in pins),
            "# ]",
            "# ///",
            "# ruff: noqa: E402  the device is chosen before torch is imported",
        ]
    )


METHODS = {
    "full": "full fine-tuning",
    "lora": "LoRA",
    "qlora": "QLoRA",
    "lora8": "8-bit LoRA",
    "ia3": "IA3",
    "prefix": "prefix tuning",
    "prompt": "prompt tuning",
    "p_tuning": "p-tuning",
    "bottleneck": "bottleneck adapters",
    "layers": "the last layers",
    "head": "a head on frozen features",
}


def purpose(run: Run) -> str:
    """Return the first line of a script: what is taught to which model, from which rows, by which method."""
    model, rows = _last(run.model.id, "the model"), _last(run.data.told, "the rows")
    objective = run.objective
    sentence = {
        "sft": f"Teach {model} to answer like {rows}",
        "pretrain": f"Let {model} read {rows}",
        "classify": f"Teach {model} to sort texts like {rows}",
        "embed": f"Teach {model} what belongs together in {rows}",
        "prefer": f"Teach {model} to prefer the better answers of {rows}",
        "reward": f"Teach {model} to tell the better answers of {rows}",
        "reinforce": f"Teach {model} to earn a reward for its answers to {rows}",
        "distill": f"Teach {model} to imitate {_last(getattr(objective, 'teacher', ''), 'its teacher')} on {rows}",
        "baseline": f"Measure {model} on {rows} as it is",
    }[run.goal]
    how = [str(getattr(objective, name)) for name in ("loss", "algorithm") if getattr(objective, name, "")]
    how += [METHODS[run.method.kind]] if run.method.kind in METHODS else []
    if run.training.epochs:
        how.append(f"{run.training.epochs:g} epoch{'s' if run.training.epochs != 1 else ''}")
    return f"{sentence}: {', '.join(how)}." if how else f"{sentence}."


def _last(name: str, otherwise: str) -> str:
    """Return what a model or a file is called; a name that no docstring should hold is not repeated."""
    parts = name.rstrip("/").split("/")
    short = "/".join(parts[-2:]) if parts[-1] in ("hf", "model") else parts[-1]
    return short if re.fullmatch(r"[\w.@+ /-]{1,60}", short) else otherwise


def settings(found: Iterable[Setting], known: Mapping[str, object], sections: Mapping[str, str]) -> str:
    """Return the settings in groups; `sections` names the section of the run that each of them comes from."""
    order = {name: place for place, name in enumerate(known)}
    groups: dict[int, list[Setting]] = {}
    for setting in sorted(found, key=lambda setting: order.get(setting.name, len(order))):
        section = "" if setting.name in SHOWN else sections.get(setting.name, "")
        place = next((place for place, names in enumerate(OUTLINE) if section in names.split()), len(OUTLINE))
        groups.setdefault(place, []).append(setting)
    return "\n\n".join("\n".join(stated(each, known) for each in groups[place]) for place in sorted(groups))


def stated(setting: Setting, known: Mapping[str, object]) -> str:
    """Return the line of a setting; a comment that is too long for it stands above."""
    value = known.get(setting.name, setting.default)
    line = f"{setting.name}: {setting.annotation} = {value!r}" if setting.annotation else f"{setting.name} = {value!r}"
    if not setting.comment:
        return line
    beside = f"{line}  # {setting.comment}"
    return beside if len(beside) <= WIDTH else f"# {setting.comment}\n{line}"


def imports(modules: Iterable[Module], used: set[str]) -> str:
    """Return the imports of what is used, one a line; ruff groups and sorts them."""
    lines = {
        f"from {source} import {name}" if name else f"import {source}"
        for module in modules
        for bound, (source, name) in module.imports.items()
        if bound in used and (source, name) != ("os", None)
    }
    return "\n".join(sorted(lines))


FORM = (
    ("check", "--select", "I", "--fix", "--quiet"),
    ("format", "--quiet"),
    ("check", "--select", "E,F,B,I", "--ignore", "E501,F841", "--quiet"),  # F841: a local that folding left over
)
"""What ruff does to a script, one after the other; the last one only looks."""
STYLE = ("--isolated", "--line-length", str(WIDTH))


def formatted(text: str) -> str:
    """Return the text in ruff's form; anything that ruff finds in it is a mistake of ours."""
    *changes, last = ((*step, *STYLE, "--stdin-filename", "train.py", "-") for step in FORM)
    for change in changes:
        text = _ruff(change, text)
    _ruff(last, text)
    return text


def _ruff(arguments: Sequence[str], text: str) -> str:
    from ruff import find_ruff_bin

    done = subprocess.run(
        [find_ruff_bin(), *arguments], input=text.encode("utf-8"), capture_output=True, check=False, timeout=60
    )
    if done.returncode:
        raise Problem(f"the script does not pass its own checks: {done.stdout.decode()}{done.stderr.decode()}")
    return done.stdout.decode("utf-8")
