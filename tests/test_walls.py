"""The walls between the rooms: contracts that read the imports, and fresh interpreters that show what got loaded."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rooms import HOT, TOP, cold, files, importable, imports, inside, name

TRAINING = (
    "torch",
    "transformers",
    "peft",
    "trl",
    "bitsandbytes",
    "sentence_transformers",
    "accelerate",
    "datasets",
    "tokenizers",
    "safetensors",
)
DRAWING = ("textual", "rich", "plotext", "typer", "click")
LIGHT_HALF = ("pydantic", "pydantic_core", "ruamel", "orjson", "pynvml", "pyarrow", "rensa", "ruff")
# Only loaded where they are needed: each costs more than the first screen may take.
LAZY = ("pyarrow", "huggingface_hub", "numpy", "pandas", "httpx2", "jinja2")

PROBE = """
import importlib, json, sys
modules, forbidden = json.loads(sys.argv[1])
guilty = {}
for module in modules:
    importlib.import_module(module)
    loaded = [bad for bad in forbidden if bad in sys.modules]
    forbidden = [bad for bad in forbidden if bad not in loaded]
    if loaded:
        guilty[module] = loaded
print(json.dumps(guilty))
"""


def loads(modules: list[str], forbidden: tuple[str, ...]) -> dict[str, list[str]]:
    """Import modules in a fresh interpreter; return each that is the first to load something forbidden."""
    command = [sys.executable, "-c", PROBE, json.dumps([modules, forbidden])]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_cold_engine_loads_no_screen_and_no_training_library():
    modules = importable(cold())
    assert len(modules) >= 50
    assert loads(modules, (*TRAINING, *DRAWING, *LAZY, *HOT, "tui")) == {}


def test_the_screens_load_no_training_library():
    modules = importable(files("tui"))
    assert len(modules) >= 40
    assert loads(modules, (*TRAINING, *LAZY, *HOT)) == {}


def test_a_fresh_interpreter_does_show_what_is_loaded():
    assert loads(["json", "sqlite3"], ("sqlite3", "torch")) == {"sqlite3": ["sqlite3"]}


@pytest.mark.parametrize("module", ["engine.event", "engine.worker.worker"])
def test_what_comes_before_the_first_event_needs_the_standard_library_only(module):
    bare = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(TOP)!r}); import {module}"]
    done = subprocess.run(bare, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_worker_runs_in_a_python_that_has_nothing_but_the_training_libraries():
    modules = importable(files("engine/worker"))
    assert len(modules) >= 7
    ours = (name for name in LIGHT_HALF if name != "pyarrow")  # datasets stands on it, and a trainer on datasets
    absent = ("textual", "plotext", "typer", "tui", *ours)
    hide = f"import sys; sys.modules.update(dict.fromkeys({absent!r}))"
    script = "; ".join([hide, *(f"import {module}" for module in modules)])
    done = subprocess.run([sys.executable, "-c", script], cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_recipes_load_nothing_of_ours_but_recipes():
    modules = importable(files("engine/recipes"))
    assert len(modules) >= 35
    ours = [name(path) for path in files("engine") if not inside(name(path), "engine.recipes")]
    ours.remove("engine")
    assert loads(modules, (*ours, "tui", "textual", "plotext")) == {}


STANDARD = tuple(sys.stdlib_module_names)
# The screens take pydantic for one thing: a form is made from the fields of the run's models.
MAY_IMPORT = {
    "tui": ("tui", "engine", "textual", "plotext", "rich", "typer", "pydantic", "annotated_types"),
    "cold": (
        "engine",
        "pydantic",
        "pydantic_core",
        "ruamel",
        "pynvml",
        "psutil",
        "orjson",
        "huggingface_hub",
        "pyarrow",
        "rensa",
        "ruff",
        "jinja2",
    ),
    # What it shares with the rest needs nothing but the standard library.
    "engine/worker": (
        "engine.event",
        "engine.liveness",
        "engine.safe_files",
        "engine.worker",
        "pynvml",
        "tqdm",
        *TRAINING,
    ),
    "engine/recipes": ("engine.recipes.parts", "numpy", "pyarrow", "rensa", "tqdm", *TRAINING),
}


ALONE = {"engine.tokenizer": ("tokenizers",)}
"""What one module alone may import."""


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_takes_only_what_the_design_gives_it(room):
    paths = cold() if room == "cold" else files(room)
    strangers = {
        name(path): others
        for path in paths
        for given in [(*MAY_IMPORT[room], *ALONE.get(name(path), ()), *STANDARD)]
        if (others := [module for module in imports(path) if not inside(module, *given)])
    }
    assert strangers == {}


def test_presets_are_data():
    assert files("presets") == []
    assert len(list((TOP / "presets").rglob("*.yaml"))) >= 2


def lint(folder: Path) -> str:
    """Return what the contracts say about the source below a folder."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def contracts() -> list[str]:
    """The names of all contracts, as they are written."""
    return re.findall(r'^\[\[tool\.importlinter\.contracts\]\]\nname = "(.+)"$', project(), re.MULTILINE)


def project() -> str:
    return (TOP / "pyproject.toml").read_text("utf-8")


def test_every_contract_has_its_reason_above_it():
    with_reason = re.findall(r'^# .+\n\[\[tool\.importlinter\.contracts\]\]\nname = "(.+)"$', project(), re.MULTILINE)
    assert with_reason == contracts()


def test_the_contracts_are_kept():
    said = lint(TOP)
    assert len(contracts()) == 6
    for contract in contracts():
        assert f"{contract} KEPT" in said, said


BREACHES = [
    ("engine/words.py", "import tui.app", "The engine knows no screen"),
    ("engine/words.py", "import rich.text", "The engine draws nothing"),
    ("tui/words.py", "from datasets import load_dataset", "Screens and cold engine load no training library"),
    ("engine/words.py", "import engine.worker.failures", "Nothing imports the worker or the recipes"),
    ("engine/worker/failures.py", "import engine.problem, engine.config", "The worker needs nothing of the light half"),
    ("engine/recipes/parts/base.py", "from engine.problem import Problem", "A recipe takes nothing of ours but parts"),
]


def test_every_contract_sees_a_breach_even_inside_a_function(tmp_path):
    assert [contract for _, _, contract in BREACHES] == contracts()
    for room in ("tui", "engine"):
        shutil.copytree(TOP / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(TOP / "pyproject.toml", tmp_path)
    for number, (path, line, _) in enumerate(BREACHES):
        with (tmp_path / path).open("a", encoding="utf-8") as file:
            file.write(f"\n\ndef breach_{number}() -> None:\n    {line}\n")
    said = lint(tmp_path)
    for contract in contracts():
        assert f"{contract} BROKEN" in said, said
