"""The script: one self-contained train.py, assembled from a recipe and its parts for one run. What is exported runs."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

from engine.assembly import OURS, Computed, Module, check_names, collect
from engine.config import Run
from engine.document import walk
from engine.folding.calls import Seam
from engine.folding.constants import changes_nothing, fold
from engine.folding.specialize import specialize, used_names
from engine.folding.values import Dotted
from engine.network import is_offline
from engine.problem import Problem
from engine.script_form import formatted, header, heading, imports, stated
from engine.script_form import settings as settings_text
from engine.script_order import sections
from engine.section import CHOOSES_PART, INLINE, INLINE_DEFAULT, NOT_IN_SCRIPT, Section
from engine.section import Setting as SettingName

DISTRIBUTIONS = {
    "accelerate": "accelerate",
    "bitsandbytes": "bitsandbytes",
    "datasets": "datasets",
    "peft": "peft",
    "rensa": "rensa",
    "sentence_transformers": "sentence-transformers",
    "torch": "torch",
    "transformers": "transformers",
    "trl": "trl",
}
METHOD_PARTS: dict[str, dict[str, str]] = {
    "full": {"language_model": "plain", "adapter": "full", "encoder_adapter": "full", "trained_dtype": "own"},
    "lora": {"language_model": "plain", "adapter": "lora", "encoder_adapter": "lora", "trained_dtype": "chosen"},
    "qlora": {"language_model": "nf4", "adapter": "lora", "trained_dtype": "chosen"},
    "lora8": {"language_model": "int8", "adapter": "lora", "trained_dtype": "chosen"},
    **{
        kind: {"language_model": "plain", "adapter": kind, "encoder_adapter": kind, "trained_dtype": dtype}
        for dtype, kinds in {"fp32": ("ia3", "prompt", "bottleneck"), "own": ("prefix", "p_tuning", "layers")}.items()
        for kind in kinds
    },
    "head": {},
    "none": {"language_model": "plain"},
}


def parts(run: Run) -> dict[str, str]:
    """Return which sibling of each group of parts a run needs."""
    weights = "adapter" if run.model.weights == "adapter" else "whole"
    prompt = "yes" if run.method.kind in ("prefix", "prompt", "p_tuning") else "no"
    every = "epoch" if getattr(run.training, "evaluate_every", "epoch") == "epoch" else "steps"
    found = METHOD_PARTS[run.method.kind] | {"weights": weights, "setup.intervals": every}
    found["evaluation.prompt_learning"] = prompt
    found["training.row_order"] = "shuffled" if run.launch.device == "cpu" else "longest_first"
    found["chat.too_long"] = getattr(run.training, "too_long", "truncate")
    return found | run.data.parts() | run.parts()


def modules_of(run: Run) -> list[Module]:
    """Return the modules of a run's script, every one after those that it needs, the recipe last.

    A script that may leave out rows writes them down, and forgets at its start what an earlier try wrote.
    """
    chosen = parts(run) | {"data.earlier_drops": "none"}
    found = collect(run.recipe(), chosen)
    leaves_out = any(_part(module) == "dropped" for module in found)
    return collect(run.recipe(), chosen | {"data.earlier_drops": "forget"}) if leaves_out else found


def setting_name(dotted: str, metadata: list[object]) -> str | None:
    """Return the name of a field in the script, or None for a field that is no setting."""
    marks = [mark for mark in metadata if isinstance(mark, SettingName)]
    name = str(marks[0]) if marks else dotted.rpartition(".")[2].upper()
    return None if name in (CHOOSES_PART, NOT_IN_SCRIPT) and dotted != "data.columns" else name or "COLUMNS"


def values(run: Run) -> dict[str, object]:
    """Return the run's value for every setting, with the one that follows from where model and rows lie."""
    named = ((setting_name(dotted, info.metadata), value) for dotted, info, value in walk(run))
    found = {name: _literal(value, name) for name, value in named if name is not None} | {"OFFLINE": is_offline(run)}
    found |= run.derived_settings()
    return found | {"TRAIN": run.data.source} if run.data.files else found


DTYPES: dict[object, str] = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
LIBRARY_WORDS: dict[str, dict[object, str]] = {
    "ATTENTION": {"flash": "flash_attention_2"},
    "DTYPE": DTYPES,
    "OPTIMIZER": {"adamw": "adamw_torch", "adamw_8bit": "adamw_bnb_8bit"},
    "PRECISION": DTYPES,
}
"""Settings whose values have another name in the libraries than on our screens; the script has the libraries'."""


def _literal(value: object, setting: str = "") -> object:
    """Return a value as the script can write it down: a section inside a list is a dict there."""
    if setting in LIBRARY_WORDS:
        return LIBRARY_WORDS[setting].get(value, value)
    if isinstance(value, tuple):
        return tuple(_literal(part) for part in value)
    return value.model_dump() if isinstance(value, Section) else value


SEAM_SETTINGS = frozenset(
    {"OUTPUT", "DEVICE", "PRECISION", "ATTENTION", "MAX_LENGTH", "BATCH", "ACCUMULATE", "SEED", "THREADS"}
)
"""Settings that the token preview, the dry run and the worker read or set in a script."""
SEAM = frozenset(
    {"main", "read", "questions", "spoken", "own_answers", "drawn_texts", "described", "make_learner"}
    | {"features", "load_teacher", "load_reward", "load_tokenizer", "Keep", "teacher_texts"}
    | {"load_model", "load_classifier", "load_encoder", "load_frozen_encoder", "make_trainer", "report"}
)
"""Functions that they call, replace by one with the same parameters, or take for the beginning of a phase."""
REPLACEABLE = frozenset(
    {"check_method", "check_encoder_method", "check_classes", "check_reward", "check_halves"}
    | {"measured_once", "split", "roles"}
)
"""Functions that they replace by one that takes whatever it is given."""
REPLACED = {"TRACKING": (), "REFERENCE": "live", "INIT": "default"}
"""Settings that the token preview sets, with the values that it sets: only these may be written into the text."""


def assemble(run: Run, *, title: str = "", versions: Mapping[str, str] | None = None, specialized: bool = True) -> str:
    """Return the text of train.py; a run that is not complete raises a Problem.

    Without `specialized` it is the text as its sources have it, which trains the same (the tests compare the two).
    """
    modules = modules_of(run)
    check_names(modules)
    known = values(run)
    for name, value in known.items():
        if value == "auto":
            raise Problem(
                f"{name.lower()} is still auto", where=title, advice="let the plan choose it, or name a value"
            )
    pieces = {name: piece for module in modules for name, piece in module.definitions.items()}
    part_of = {name: _part(module) for module in modules for name in module.definitions}
    environment = [line for module in modules for line in module.environment]
    symbols = {setting.name for module in modules for setting in module.settings}
    symbols |= {name for module in modules for name in module.imports}
    if specialized:
        settled = decided(run, modules)
        pieces = specialize(pieces, settled, frozenset(symbols), Seam(SEAM, REPLACEABLE))
        environment = [line for line in (fold(line, settled) for line in environment) if not changes_nothing(line)]
    return formatted(_text(run, modules, pieces, environment, part_of, known, title, versions or tested_versions()))


def _part(module: Module) -> str:
    return module.name.removeprefix(f"{OURS}.").removeprefix("parts.")


def _text(
    run: Run,
    modules: Sequence[Module],
    pieces: Mapping[str, str],
    environment: Sequence[str],
    part_of: Mapping[str, str],
    known: Mapping[str, object],
    title: str,
    versions: Mapping[str, str],
) -> str:
    """Return the script from its first line to its last, not yet formatted."""
    settings = [setting for module in modules for setting in module.settings]
    early, used = used_names(environment), used_names(pieces.values())
    first = [stated(setting, known) for setting in settings if setting.name in early]
    used |= early | used_names(s.default for s in settings if s.name in used and isinstance(s.default, Computed))
    rest = [setting for setting in settings if setting.name in used - early]
    groups = {setting_name(dotted, info.metadata) or "": dotted.split(".")[0] for dotted, info, _ in walk(run)}
    blocks = [
        header(run, title or run.output.name, version("tunewright"), _pins(run, versions)),
        "\n".join(["import os", "", *first, *environment, "", imports(modules, used)]),
        f"{heading('Settings')}\n{settings_text(rest, known, groups)}",
    ]
    for name, names in sections(pieces, part_of):
        blocks += [heading(name) + "\n" + pieces[names[0]], *(pieces[each] for each in names[1:])]
    return "\n\n\n".join([*blocks, 'if __name__ == "__main__":\n    main()']) + "\n"


def _pins(run: Run, versions: Mapping[str, str]) -> list[str]:
    """Return the libraries of a script with their versions; one that is left out here is not needed there."""
    known = {name: f"{name}=={versions[name].split('+')[0]}" for name in distributions(run) if name in versions}
    tested = tested_versions()
    return [known.get(name, name) for name in distributions(run) if name in known or name not in tested]


def decided(run: Run, modules: list[Module]) -> dict[str, object]:
    """Return the settings that nobody would change by hand, with their values: they stand where they are used."""
    found: dict[str, object] = {}
    for dotted, info, value in walk(run):
        name = setting_name(dotted, info.metadata)
        usual = value == info.get_default(call_default_factory=True, validated_data={})
        marked = INLINE in info.metadata or (INLINE_DEFAULT in info.metadata and usual)
        if name in REPLACED:
            marked = value == REPLACED[name]
        if name is not None and name not in SEAM_SETTINGS and marked:
            found[name] = _literal(value, name)
    found["OFFLINE"] = is_offline(run)
    every = getattr(run.training, "evaluate_every", None)
    if every == getattr(run.training, "save_every", None):
        found["SAVE_EVERY"] = Dotted("EVALUATE_EVERY")  # one number for both, as long as they are one
    declared = {setting.name for module in modules for setting in module.settings}
    return {name: value for name, value in found.items() if name in declared}


def libraries(run: Run) -> list[str]:
    """Return the heavy modules that a run's script imports, by their import names."""
    modules = modules_of(run)
    imported = {source.split(".")[0] for module in modules for source, _ in module.imports.values()}
    return sorted(imported & DISTRIBUTIONS.keys())


def distributions(run: Run) -> list[str]:
    """Return the libraries that a run's script needs, by the names under which they are installed."""
    needed = {DISTRIBUTIONS[name] for name in libraries(run)} | {"torch", "accelerate"}
    if run.method.kind in ("qlora", "lora8") or "8bit" in run.training.optimizer:
        needed.add("bitsandbytes")
    if getattr(run.training, "loss_kernel", "") == "liger":
        needed.add("liger-kernel")
    return sorted(needed)


def requirements(script: str) -> str:
    """Return the pinned libraries of a script, one a line, as its own metadata names them."""
    return "".join(f"{pin}\n" for pin in re.findall(r'^#     "([^"]+)",$', script, re.MULTILINE))


@cache
def tested_versions() -> dict[str, str]:
    """Return the versions of the training libraries that the tests ran with."""
    text = (Path(__file__).parents[1] / "presets" / "constraints.txt").read_text("utf-8")
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE))
