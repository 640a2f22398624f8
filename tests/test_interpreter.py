"""Which Python trains: found by path, command, folder or variable, and asked without importing torch here."""

import json
import sys
import tomllib
import venv
from pathlib import Path

import pytest

from engine import interpreter as subject
from engine.interpreter import Interpreter, interpreter, missing, outdated, torch_facts
from engine.problem import Problem
from engine.script import distributions
from tests.recipes.shapes import CELLS
from tests.recipes.test_script import described

EVERYTHING = dict.fromkeys(subject.LIBRARIES, "99.0")


@pytest.fixture(autouse=True)
def no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TUNEWRIGHT_PYTHON", raising=False)


@pytest.fixture(scope="session")
def empty_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real environment without any library."""
    folder = tmp_path_factory.mktemp("environments") / "bare one"
    venv.create(folder, with_pip=False, symlinks=True)
    return folder


def speaking(folder: Path, answer: str, *, code: int = 0, error: str = "") -> str:
    """Write a program that stands where a Python should, and says this."""
    program = folder / "python"
    program.write_text(f"#!/bin/sh\ncat <<'EOF'\n{answer}\nEOF\necho '{error}' >&2\nexit {code}\n")
    program.chmod(0o755)
    return str(program)


def test_the_default_is_this_python() -> None:
    found = interpreter()
    assert found.python == sys.executable and found.own
    assert found.release == ".".join(map(str, sys.version_info[:3]))
    assert set(found.versions) <= {*subject.LIBRARIES, "liger-kernel", "flash-attn", "rensa"}


def test_an_environment_is_named_by_folder_program_or_variable(
    empty_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = str(empty_environment / "bin" / "python")
    for name in (str(empty_environment), program):
        found = interpreter(name)
        assert (found.python, found.versions, found.own) == (program, {}, False)
    monkeypatch.setenv("TUNEWRIGHT_PYTHON", program)
    assert interpreter().python == program
    assert interpreter(sys.executable).python == sys.executable


def test_a_command_is_found_on_the_path(empty_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(empty_environment / "bin"))
    assert interpreter("python3").python == str(empty_environment / "bin" / "python3")


def test_libraries_of_another_python_are_read_and_its_chatter_ignored(tmp_path: Path) -> None:
    answer = {"release": [3, 12, 4], "versions": {"torch": "2.8.0+cu126", "flash-attn": "2.8.1"}}
    found = interpreter(speaking(tmp_path, f"Welcome to the cluster!\n{json.dumps(answer)}"))
    assert (found.versions, found.flash_attn, found.release) == ({"torch": "2.8.0+cu126"}, "2.8.1", "3.12.4")


def test_a_folder_named_like_a_library_is_not_taken_for_it(
    empty_environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('imported the wrong json')")
    monkeypatch.chdir(tmp_path)
    assert interpreter(str(empty_environment)).versions == {}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no-such-python", "'no-such-python' is no Python that can be run"),
        ("/bin/ls", "/bin/ls cannot be used"),
        ("/dev/null", "'/dev/null' is no Python that can be run"),
    ],
)
def test_what_is_no_python_is_refused_with_its_place(name: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Problem) as caught:
        interpreter(name)
    assert caught.value.sentence.startswith(f"--python: {said}") and caught.value.advice
    monkeypatch.setenv("TUNEWRIGHT_PYTHON", name)
    with pytest.raises(Problem, match=r"^TUNEWRIGHT_PYTHON: "):
        interpreter()


def test_a_python_that_breaks_says_its_last_word(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"cannot be used \(libpython not found\)"):
        interpreter(speaking(tmp_path, "", code=127, error="libpython not found"))


def test_a_program_of_another_format_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_bytes(b"\x7fELF nonsense")
    program.chmod(0o755)
    with pytest.raises(Problem, match="cannot be run"):
        interpreter(str(program))


def test_an_old_python_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"this is Python 3\.9\.7, and a training needs 3\.11"):
        interpreter(speaking(tmp_path, json.dumps({"release": [3, 9, 7], "versions": {}})))


@pytest.mark.parametrize(
    ("goal", "method", "absent", "expected"),
    [
        ("sft", "qlora", ("bitsandbytes",), ["bitsandbytes"]),
        ("sft", "lora8", ("peft", "trl"), ["trl", "peft"]),
        ("sft", "full", ("bitsandbytes", "sentence-transformers"), []),
        ("prefer", "ia3", ("trl", "bitsandbytes"), ["trl"]),
        ("classify", "head", ("trl", "sentence-transformers"), ["sentence-transformers"]),
        ("embed", "lora", ("sentence-transformers", "trl"), ["sentence-transformers"]),
        ("embed", "full", subject.BASE, list(subject.BASE)),
    ],
)
def test_only_what_the_run_needs_is_missing(
    goal: str, method: str, absent: tuple[str, ...], expected: list[str]
) -> None:
    versions = {name: version for name, version in EVERYTHING.items() if name not in absent}
    assert missing(Interpreter("python", versions), goal, method) == expected


def test_the_table_knows_what_every_script_imports() -> None:
    whole = Interpreter("python", EVERYTHING)
    used: set[tuple[str, str]] = set()
    for goal, method, form in CELLS:
        run = described(goal, method, form)
        needed = set(distributions(run))
        near = {"rensa"} if {"near_duplicate", "near_leakage"} & set(run.data.drop) else set()
        told = {*subject.BASE, *subject.BY_GOAL.get(goal, ()), *subject.BY_METHOD.get(method, ()), *near}
        assert needed <= told, (goal, method, needed - told)
        assert missing(whole, goal, method) == []
        assert missing(whole, goal, method, drop=run.data.drop) == sorted(near)  # EVERYTHING lacks what few runs need
        used |= {(owner, name) for owner in (goal, method) for name in needed}
    for owner, names in (subject.BY_GOAL | subject.BY_METHOD).items():
        assert {(owner, name) for name in names} <= used, owner


def test_the_libraries_are_those_of_the_training_half() -> None:
    """The names here and in the project file are one list."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    half = {entry.partition(">")[0] for entry in project["project"]["optional-dependencies"]["train"]}
    needed = {*subject.BASE, *sum(subject.BY_GOAL.values(), ()), *sum(subject.BY_METHOD.values(), ())}
    assert half == set(subject.LIBRARIES) == needed


def test_older_versions_than_ours_are_told_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "_least", lambda: {"torch": "2.8", "trl": "1.10", "peft": "0.19"})
    versions = {"torch": "2.8.0+cu126", "trl": "1.9.3", "datasets": "1"}
    assert outdated(Interpreter("python", versions)) == {"trl": "1.10"}


def test_torch_is_asked_in_a_process_of_its_own(tmp_path: Path) -> None:
    answer = {
        "version": "2.13.0+cu130",
        "cuda": "13.0",
        "cuda_available": False,
        "arch_list": ["sm_75", "sm_90"],
        "problem": "driver too old",
    }
    facts = torch_facts(Interpreter(speaking(tmp_path, json.dumps(answer)), {"torch": "2.13.0"}))
    assert (facts.version, facts.cuda, facts.arch_list) == ("2.13.0+cu130", "13.0", ("sm_75", "sm_90"))
    assert (facts.cuda_available, facts.problem) == (False, "driver too old")


def test_a_torch_that_breaks_or_lacks_is_a_fact(tmp_path: Path) -> None:
    broken = torch_facts(Interpreter(speaking(tmp_path, "", code=1, error="ImportError: libcudart"), {"torch": "2.8"}))
    assert broken.version == "2.8" and "libcudart" in broken.problem and not broken.cuda_available
    assert torch_facts(Interpreter(sys.executable, {})).problem == "torch is not installed"


@pytest.mark.slow
def test_the_real_torch_answers() -> None:
    here = interpreter()
    if "torch" not in here.versions:
        pytest.skip("torch is not installed in this Python")
    facts = torch_facts(here)
    assert facts.version == here.versions["torch"] or facts.version.startswith(here.versions["torch"])
    assert facts.cuda is not None or not facts.cuda_available
