"""The form of a script: what it says first, its groups of settings, its sections, and the order inside of them."""

import ast
import builtins

import pytest

from engine import script
from engine.script_form import heading, purpose
from engine.script_order import HEADINGS, heading_of, sections
from tests.recipes.shapes import CELLS, FORMS, cell_name
from tests.recipes.test_script import described
from tests.scripts import assembled

PIECES = {
    "Base": "class Base:\n    pass",
    "helper": "def helper():\n    return 1",
    "load_rows": "def load_rows():\n    return helper()",
    "Own": "class Own(Base):\n    def act(self):\n        return late()",
    "late": "def late(deep=helper):\n    return deep",
    "make_trainer": "def make_trainer(rows: Own):\n    return Own()",
    "main": "def main():\n    rows = load_rows()\n    return make_trainer(rows)",
}


def test_callers_stand_above_what_they_call_unless_python_needs_it_first() -> None:
    parts = dict.fromkeys(PIECES, "") | {"Base": "training.base", "late": "training.late"}
    found = sections(PIECES, parts)
    assert found == [
        ("Data", ["load_rows", "helper"]),
        ("Training", ["Base", "Own", "make_trainer", "late"]),
        ("Main", ["main"]),
    ]


def test_a_part_stands_under_the_heading_of_its_folder() -> None:
    assert heading_of("data.reader.lines") == "Data"
    assert heading_of("rl.reward.rule") == "Reward" and heading_of("rl.rollout") == "Rollout"
    assert heading_of("nowhere.seed") == ""


def bound_when_read(node: ast.AST) -> set[str]:
    """The names that Python looks up while it reads a definition."""
    names, waiting = set(), [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, ast.FunctionDef):
            waiting += [each.args, *each.decorator_list, *([each.returns] if each.returns else [])]
        elif isinstance(each, ast.Name):
            names.add(each.id)
        elif not isinstance(each, ast.Lambda):
            waiting += ast.iter_child_nodes(each)
    return names


@pytest.mark.parametrize("goal", FORMS)
def test_every_definition_finds_what_it_needs_above_it(goal: str, tmp_path) -> None:
    cells = [cell for cell in CELLS if cell[0] == goal]
    for cell, text in zip(cells, assembled([described(*cell) for cell in cells], tmp_path), strict=True):
        known = set(dir(builtins)) | {"__file__", "__name__"}
        own = {node.name for node in ast.parse(text).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        for node in ast.parse(text).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                missing = bound_when_read(node) & own - known
                assert not missing, (cell_name(cell), node.name, missing)
                known.add(node.name)
        titles = [line.split()[2] for line in text.splitlines() if line.startswith("# --- ")]
        assert titles[0] == "Settings" and titles[-1] == "Main", cell_name(cell)
        order = [title.split()[0] for title in HEADINGS]
        assert titles[1:] == sorted(titles[1:], key=order.index), cell_name(cell)


def test_the_first_line_says_what_is_taught_and_repeats_no_strange_name() -> None:
    run = described(data={"train": "folder/answers.jsonl"}, training={"epochs": 1.0})
    assert purpose(run) == "Teach a/model to answer like answers.jsonl: LoRA, 1 epoch."
    strange = described(model={"id": 'a"""\nimport os'}, data={"train": "x\ny"})
    assert purpose(strange).startswith("Teach the model to answer like the rows: ")


def test_the_environment_is_one_block_and_the_settings_are_another() -> None:
    text = script.assemble(described())
    before, _, rest = text.partition(heading("Settings"))
    lines = before.partition("import os\n")[2].strip().splitlines()
    block = lines[: lines.index("")]
    assert block[0].startswith("DEVICE: str") and len(block) > 3
    settings = rest.partition(heading("Data"))[0]
    assert all(isinstance(node, ast.AnnAssign | ast.Assign) for node in ast.parse(settings).body)
    assert settings.index("BASE_MODEL") < settings.index("\n\nRANK") < settings.index("\n\nEPOCHS")
