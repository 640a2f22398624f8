"""The wheel: everything is in it, and its light half works alone in an empty environment, without torch."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.rooms import TOP
from tests.test_walls import TRAINING

pytestmark = [pytest.mark.extended, pytest.mark.timeout(900), pytest.mark.xdist_group("wheel")]
ROOMS = ("tui", "engine", "presets")
ENCODER = {
    "architectures": ["BertModel"],
    "model_type": "bert",
    "hidden_size": 384,
    "num_hidden_layers": 6,
    "num_attention_heads": 12,
    "intermediate_size": 1536,
    "vocab_size": 30522,
    "max_position_embeddings": 512,
}
Command = Callable[..., subprocess.CompletedProcess[str]]


def run(*command: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built by way of the source distribution, so that both are whole."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, TOP)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def tunewright(wheel, tmp_path_factory) -> Command:
    """The light half in an environment of its own; call it with the arguments of a command."""
    home = tmp_path_factory.mktemp("light")
    run(sys.executable, "-m", "venv", "--without-pip", home / "venv")
    python = home / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", "-qq"]
    run(*pip, "install", "-c", TOP / "constraints.txt", wheel)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TUNEWRIGHT", "PYTHON", "HF_"))}
    alone = {**kept, "HF_HUB_OFFLINE": "1", "HF_HOME": str(home / "cache")}

    def call(
        *arguments: str | Path, program: str = "tunewright", **options: object
    ) -> subprocess.CompletedProcess[str]:
        return run(python.with_name(program), *arguments, **{"env": alone, "cwd": home, **options})

    return call


@pytest.fixture
def question(tmp_path) -> list[str | Path]:
    """A model without weights and a small data set: what `advise` and a run file are asked about."""
    model = tmp_path / "encoder"
    model.mkdir()
    (model / "config.json").write_text(json.dumps(ENCODER), "utf-8")
    pairs = tmp_path / "pairs.jsonl"
    rows = ({"anchor": f"what is number {n}", "positive": f"it is the number {n} of many"} for n in range(200))
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return [model, pairs]


def test_the_wheel_holds_every_file_of_the_rooms(wheel):
    ours = {
        str(path.relative_to(TOP))
        for room in ROOMS
        for path in (TOP / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    packed = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert len(packed) >= 130
    assert packed == ours
    for needed in ("presets/constraints.txt", "tui/app.tcss", "engine/recipes/sft.py", "engine/worker/__main__.py"):
        assert needed in packed


def test_the_wheel_says_what_it_is(wheel):
    archive = ZipFile(wheel)
    inside = {name.rpartition(".dist-info/")[2]: archive.read(name).decode() for name in archive.namelist()}
    about = HeaderParser().parsestr(inside["METADATA"])
    assert (about["Name"], about["License-Expression"]) == ("tunewright", "Apache-2.0")
    assert about.get_all("Provides-Extra") == ["dev", "train"]
    assert "tunewright = tui.cli:main" in inside["entry_points.txt"]
    assert "Apache License" in inside["licenses/LICENSE"]


def test_the_light_half_has_no_training_library(tunewright):
    probe = f"from importlib.util import find_spec; print([name for name in {TRAINING!r} if find_spec(name)])"
    assert (
        tunewright("-c", probe, program="python").stdout.strip() == "['tokenizers']"
    )  # it counts tokens, without torch


def test_the_light_half_shows_help(tunewright):
    shown = tunewright("--help").stdout
    for command in ("demo", "run", "watch", "runs", "export", "advise", "estimate", "inspect", "presets", "doctor"):
        assert command in shown


def test_the_light_half_advises(tunewright, question):
    model, data = question
    said = tunewright("advise", "--goal", "embed", "--model", model, "--data", data, "--gpu", "T4", "--json").stdout
    advice = json.loads(said)
    assert advice["recommended"] in ("lora", "full")
    assert {line["method"] for line in advice["ranking"]} >= {"lora", "full"}
    assert advice["run"]["model"]["id"] == str(model)


def test_the_light_half_exports_a_script(tunewright, question, tmp_path):
    model, data = question
    described = {"goal": "embed", "model": {"id": str(model)}, "data": {"train": str(data)}, "method": {"kind": "lora"}}
    (tmp_path / "run.yaml").write_text(json.dumps(described), "utf-8")
    tunewright("export", tmp_path / "run.yaml", "-o", tmp_path / "train.py")
    script = (tmp_path / "train.py").read_text("utf-8")
    compile(script, "train.py", "exec")
    assert f"BASE_MODEL: str = {json.dumps(str(model))}" in script
    assert '#     "torch==2.13.0",' in script


def test_the_light_half_examines_the_machine(tunewright):
    lines = json.loads(tunewright("doctor", "--json").stdout)
    assert "tunewright[train]" in json.dumps(lines)
