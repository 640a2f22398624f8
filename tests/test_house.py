"""The budgets of the house: sizes that people like to read, a sentence on everything public, versions that agree."""

import ast
import re
import tomllib
from importlib import metadata
from pathlib import Path
from statistics import median

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.rooms import TOP, files

FILE_LINES, MEDIAN_FILE = 300, 120
FUNCTION_LINES, MEDIAN_FUNCTION = 40, 8
Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> list[Path]:
    return [*files("tui"), *files("engine")]


def lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def functions() -> dict[str, int]:
    """Every function of ours with its length, the ones inside others too."""
    return {
        f"{path.relative_to(TOP)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, Function)
    }


def test_files_are_short():
    sizes = {str(path.relative_to(TOP)): lines(path) for path in sources()}
    assert len(sizes) >= 110
    assert {name: size for name, size in sizes.items() if size > FILE_LINES} == {}
    assert median(size for size in sizes.values() if size) < MEDIAN_FILE


def test_functions_are_short():
    sizes = functions()
    assert len(sizes) >= 800
    assert {name: size for name, size in sizes.items() if size > FUNCTION_LINES} == {}
    assert median(sizes.values()) <= MEDIAN_FUNCTION


def test_styles_are_short_too():
    sizes = {path.name: lines(path) for path in (TOP / "tui").rglob("*.tcss")}
    assert len(sizes) >= 5
    assert max(sizes.values()) <= FILE_LINES


def undocumented(path: Path) -> list[str]:
    """Return the public names of a file that have no docstring; Python's own methods (`__init__` …) need none."""
    tree = ast.parse(path.read_text("utf-8"))
    missing = [] if ast.get_docstring(tree) or not tree.body else [f"{path.relative_to(TOP)}:1"]
    public = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_"))]
    for holder in public:
        for node in holder.body:
            if (
                isinstance(node, Function | ast.ClassDef)
                and not node.name.startswith("_")
                and not ast.get_docstring(node)
            ):
                missing.append(f"{path.relative_to(TOP)}:{node.lineno} {node.name}")
    return missing


def test_everything_public_says_what_it_is_for():
    assert [name for path in sources() for name in undocumented(path)] == []


def test_a_missing_sentence_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.test_house.TOP", tmp_path)
    bare = tmp_path / "bare.py"
    bare.write_text("class Bare:\n    def public(self): ...\n    def _private(self): ...\n")
    assert undocumented(bare) == ["bare.py:1", "bare.py:1 Bare", "bare.py:2 public"]


def test_nothing_of_ours_is_left_unfinished():
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|from __future__|raise NotImplementedError")
    assert [path.name for path in sources() if marks.search(path.read_text("utf-8"))] == []


PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]
RUN, WORKSHOP = TOP / "presets" / "constraints.txt", TOP / "constraints.txt"
PIN = re.compile(r"([a-z0-9-]+)==([0-9][0-9a-z.]*)")


def pins(*paths: Path) -> dict[str, str]:
    """Return name and version of every line; a line that is neither pin nor remark nor our own include is a mistake."""
    found = {}
    for line in (line for path in paths for line in path.read_text("utf-8").splitlines()):
        if not line.startswith("#") and line != "-c presets/constraints.txt":
            pin = PIN.fullmatch(line)
            assert pin, f"{line!r} is no pinned version"
            found[pin[1]] = pin[2]
    return found


def asked(*extras: str) -> list[Requirement]:
    texts = [*PROJECT["dependencies"], *(text for extra in extras for text in PROJECT["optional-dependencies"][extra])]
    return [Requirement(text) for text in texts]


@pytest.mark.parametrize(("extras", "paths"), [(("train",), (RUN,)), (("train", "dev"), (RUN, WORKSHOP))])
def test_the_tested_versions_lie_within_the_ranges_for_users(extras, paths):
    tested, wanted = pins(*paths), asked(*extras)
    assert len(wanted) >= 19
    for requirement in wanted:
        assert requirement.specifier.contains(tested[canonicalize_name(requirement.name)]), requirement


def test_the_tested_torch_is_the_agreed_one_without_a_mark_of_its_build():
    assert pins(RUN)["torch"] == "2.13.0"


def test_the_tested_versions_are_those_that_run_here():
    installed = {canonicalize_name(each.name): each.version.split("+")[0] for each in metadata.distributions()}
    here = {name: version for name, version in pins(RUN, WORKSHOP).items() if name in installed}
    assert len(here) >= 60
    assert {name: installed[name] for name in here} == here


def test_every_supported_python_is_named():
    named = re.findall(r"3\.\d+$", "\n".join(PROJECT["classifiers"]), re.MULTILINE)
    supported = Requirement(f"python{PROJECT['requires-python']}").specifier
    assert named == [version for version in (f"3.{minor}" for minor in range(30)) if supported.contains(version)]
