"""The script: assembled from recipes and parts, the same text that they hold, and data that stays data."""

import ast
import functools
import types
import typing

import pytest
from pydantic_core import PydanticUndefined

from engine import assembly, document, script
from engine.assembly import AssemblyError
from engine.problem import Problem
from engine.section import Section
from tests.recipes.shapes import CELLS, CHAT, FORMS, cell_name, roles
from tests.scripts import assembled

GOALS = list(FORMS)


def described(goal="sft", kind="lora", form=FORMS["sft"][0], **sections):
    values = {
        "goal": goal,
        "model": {"id": "a/model", "dtype": "fp32", "attention": "sdpa"},
        "data": {"train": "rows.jsonl"},
        "method": {"kind": kind},
        "training": {"precision": "fp32"},
        "launch": {"device": "cpu"},
    }
    if goal in CHAT:
        values["objective"] = {"chat_template": "own"}
    for name, section in [*form.items(), *sections.items()]:
        values[name] = {**values.get(name, {}), **section}
    return document.check(values)


parsed = functools.lru_cache(maxsize=2)(ast.parse)  # each script is looked at from three sides


@functools.cache  # hundreds of scripts are made of the same sources
def definitions(text):
    lines = text.splitlines()
    return {
        node.name: "\n".join(lines[node.lineno - 1 : node.end_lineno])
        for node in parsed(text).body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }


def settings(text):
    return {
        ast.unparse(node.target): (ast.unparse(node.annotation), ast.literal_eval(node.value))
        for node in parsed(text).body
        if isinstance(node, ast.AnnAssign)
    }


def environment_of(text):
    """What the script binds before it imports anything heavy."""
    lines = text.splitlines()
    return "\n".join(lines[: lines.index("import torch")])


@pytest.mark.parametrize("goal", GOALS)
def test_a_script_holds_the_words_of_its_sources_and_the_values_of_its_run(goal, tmp_path):
    cells = [cell for cell in CELLS if cell[0] == goal]
    runs = [described(*cell) for cell in cells]
    for cell, run, text in zip(cells, runs, assembled(runs, tmp_path, specialized=False), strict=True):
        modules = script.modules_of(run)
        assert len(modules) > 10
        sources = {}
        for module in modules:
            sources |= definitions(assembly.path_of(module.name).read_text())
        assert definitions(text) == sources, cell_name(cell)
        assert "engine" not in {name.split(".")[0] for name in imported(text)}, cell_name(cell)
        stated = settings(text)
        for name, value in script.values(run).items():
            if name in stated:
                assert stated[name][1] == value, cell_name(cell)


def test_many_scripts_at_once_get_the_form_of_one(tmp_path):
    runs = [described(), described("embed", "lora", FORMS["embed"][0])]
    assert assembled(runs, tmp_path) == [script.assemble(run) for run in runs]


def test_what_ruff_finds_in_a_script_is_no_script():
    with pytest.raises(Problem, match=r"does not pass its own checks: .*F821"):
        script.formatted("print(unknown)\n")


def calls(text):
    """Everything that a script calls."""
    return {ast.unparse(node.func) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)}


def imported(text):
    for node in ast.walk(parsed(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def plain_type(annotation):
    """The type of a config field as a setting states it: a choice of words is a str."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return plain_type(typing.get_args(annotation)[0])
    if origin is typing.Literal:
        kinds = {type(choice).__name__ for choice in typing.get_args(annotation)}
        return " | ".join(sorted(kinds))
    if origin in (typing.Union, types.UnionType):
        return " | ".join(dict.fromkeys(plain_type(kind) for kind in typing.get_args(annotation)))
    if origin in (tuple, dict):
        inner = ", ".join("..." if kind is ... else plain_type(kind) for kind in typing.get_args(annotation))
        return f"{origin.__name__}[{inner}]"
    return "dict[str, object]" if issubclass(annotation, Section) else annotation.__name__


def fields_of(run):
    """Setting name -> (type, default) as the config states them."""
    found = {}
    for dotted, info, _ in document.walk(run):
        name = script.setting_name(dotted, info.metadata)
        if name:
            default = info.get_default(call_default_factory=True, validated_data={})
            found[name] = (plain_type(info.annotation), default)
    return found


@pytest.mark.parametrize("goal", GOALS)
def test_the_settings_are_exactly_the_fields_of_the_config(goal):
    declared, described_fields = {}, {}
    for _, method, form in (cell for cell in CELLS if cell[0] == goal):
        run = described(goal, method, form)
        for module in script.modules_of(run):
            for setting in module.settings:
                kinds, _ = declared.get(setting.name, ((), None))
                declared[setting.name] = (dict.fromkeys([*kinds, setting.annotation]), setting.default)
        described_fields |= fields_of(run)
    for name in ("OUTPUT", "SMOKE_TEST", "OFFLINE"):  # the place beside the script; a try; where everything lies
        declared.pop(name)
    for name in ("EVALUATE_EVERY", "SAVE_EVERY"):
        described_fields.pop(name, None)  # no settings of a run that evaluates after every epoch
    assert set(declared) == set(described_fields)
    for name, (kind, default) in described_fields.items():
        assert " | ".join(declared[name][0]) == kind, name
        if name in SPECIFIC_DEFAULTS or default in ("auto", PydanticUndefined):
            assert declared[name][1] not in ("auto", None), name
        else:
            assert declared[name][1] == script._literal(default, name), name


@pytest.mark.parametrize(("device", "ordered"), [("cpu", False), ("cuda", True)])
def test_the_longest_rows_come_first_where_a_card_may_be_full(device, ordered):
    assert ("LongestFirst" in definitions(script.assemble(described(launch={"device": device})))) == ordered


@pytest.mark.parametrize(("too_long", "kept"), [("truncate", False), ("drop", True)])
def test_what_is_too_long_is_left_out_only_where_the_run_says_so(too_long, kept):
    text = script.assemble(described(training={"too_long": too_long}))
    assert ("drop_too_long" in definitions(text)) == kept


@pytest.mark.parametrize(("every", "written"), [("epoch", "eval_strategy='epoch'"), (4, "eval_steps=EVALUATE_EVERY")])
def test_evaluations_are_written_out_as_the_run_has_them(every, written):
    text = script.assemble(described(training={"evaluate_every": every, "save_every": every}))
    given = {ast.unparse(keyword) for node in ast.walk(ast.parse(text)) for keyword in getattr(node, "keywords", [])}
    assert written in given
    assert ("EVALUATE_EVERY" in settings(text)) == (every != "epoch")
    assert "SAVE_EVERY" not in settings(text)  # one number for both
    if every != "epoch":
        rarer = script.assemble(described(training={"evaluate_every": every, "save_every": 2 * every}))
        assert settings(rarer)["SAVE_EVERY"][1] == 8


SPECIFIC_DEFAULTS = {"TRAIN", "BASE_MODEL", "REWARD", "BEST_DIMENSION"}  # examples, and the first of the sizes


HOSTILE = [
    'it\'s "quoted" \'\'\'three\'\'\' """three"""',
    "two\nlines\r\nand\ttabs",
    "{braces} {} {0} %s $HOME `id`",
    "[red]markup[/red] [link=x]",
    "\x1b[31mansi\x1b[0m \x07\x00\u202e\u2028",
    "\\ back\\slash \\n",
    '"); import os; os.system("touch owned"); ("',
    "# comment\nimport os",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_data(text, tmp_path):
    run = described(
        "sft",
        "lora",
        {},
        model={"id": text or "x", "revision": text},
        data={
            "train": text,
            "test": text,
            "group": text,
            "template": text,
            "columns": {"instruction": text, "output": text},
        },
        method={"kind": "lora", "targets": (text,)},
        launch={"device": "cpu", "devices": (text,)},
    )
    assembled = script.assemble(run, title="hostile")
    stated = settings(assembled)
    for name in ("BASE_MODEL", "TRAIN", "TEST", "GROUP", "TEMPLATE"):
        assert stated[name][1] == text
    assert stated["COLUMNS"][1]["instruction"] == text
    plain = described("sft", "lora", roles("instruction", "output"), data={"train": text, "test": text})
    assert definitions(script.assemble(run, specialized=False)) == definitions(
        script.assemble(plain, specialized=False)
    )
    assert not {"os.system", "exec", "eval"} & calls(assembled)
    scope = {}
    exec(compile(environment_of(assembled), "train.py", "exec"), scope)  # only literals and the choice of cards
    exec("\n".join(ast.unparse(node) for node in parsed(assembled).body if isinstance(node, ast.AnnAssign)), scope)
    assert scope["TRAIN"] == text
    assert not (tmp_path / "owned").exists()


def test_embed_prompts_are_data_too():
    run = described(
        "embed", "lora", FORMS["embed"][0], objective={"query_prompt": HOSTILE[0], "document_prompt": HOSTILE[4]}
    )
    stated = settings(script.assemble(run))
    assert stated["QUERY_PROMPT"][1] == HOSTILE[0]
    assert stated["DOCUMENT_PROMPT"][1] == HOSTILE[4]


def test_the_cards_are_chosen_before_torch_is_imported():
    run = described(launch={"device": "cuda", "devices": ("GPU-12",)})
    text = script.assemble(run)
    assert text.index('os.environ["CUDA_VISIBLE_DEVICES"]') < text.index("import torch")
    scope = {}
    exec(environment_of(text), scope)
    assert scope["os"].environ["CUDA_VISIBLE_DEVICES"] == "GPU-12"
    del scope["os"].environ["CUDA_VISIBLE_DEVICES"]


@pytest.mark.parametrize(
    ("device", "devices", "allowed", "seen"),
    [
        ("cpu", (), "0,1", ""),
        ("cuda", (), None, "0"),
        ("cuda", (), "3,1", "3"),
        ("cuda", ("GPU-a",), "3,1", "GPU-a"),
    ],
)
def test_only_the_chosen_cards_are_seen(device, devices, allowed, seen, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if allowed is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", allowed)
    scope = {}
    exec(environment_of(script.assemble(described(launch={"device": device, "devices": devices}))), scope)
    assert scope["os"].environ["CUDA_VISIBLE_DEVICES"] == seen


def test_the_metadata_pins_what_ran():
    text = script.assemble(described(kind="qlora"), versions={"torch": "2.13.0+cpu", "trl": "1.2"})
    assert '#     "torch==2.13.0",' in text
    assert script.requirements(text) == "torch==2.13.0\ntrl==1.2\n"
    assert "bitsandbytes==" in script.requirements(script.assemble(described("sft", "qlora")))
    assert "bitsandbytes==" not in script.requirements(script.assemble(described("sft", "lora")))


def test_a_run_with_auto_is_refused():
    with pytest.raises(Problem, match="precision is still auto"):
        script.assemble(described(training={"precision": "auto"}))


def test_columns_that_say_nothing_are_refused():
    with pytest.raises(Problem, match="do not say what is learned"):
        script.assemble(described(form=roles("prompt")))
    with pytest.raises(Problem, match=r"'data\.columns': there is no role 'promt'.*did you mean 'prompt'"):
        described(form=roles("promt", "completion"))


@pytest.fixture
def workshop(tmp_path, monkeypatch):
    """A place for recipes that break the rules."""
    monkeypatch.setattr(assembly, "RECIPES", tmp_path)
    (tmp_path / "parts").mkdir()

    def make(recipe, **parts):
        (tmp_path / "bad.py").write_text(recipe)
        for name, text in parts.items():
            (tmp_path / "parts" / f"{name}.py").write_text(text)
        modules = assembly.collect("bad", {})
        assembly.check_names(modules)
        return modules

    return make


PART = '"""A part."""\n\n\ndef help_out():\n    """Help."""\n    return 1\n'
MAIN = "\n\ndef main(callbacks=()):\n    return help_out()\n"


def test_a_sound_recipe_is_taken(workshop):
    modules = workshop('"""R."""\n\nfrom engine.recipes.parts.p import help_out\n' + MAIN, p=PART)
    assert [module.name for module in modules] == ["engine.recipes.parts.p", "engine.recipes.bad"]


@pytest.mark.parametrize(
    ("recipe", "part", "message"),
    [
        (
            '"""R."""\nfrom engine.recipes.parts.p import help_out\n\ndef help_out(): return 2\n' + MAIN,
            PART,
            "bound by",
        ),
        (
            '"""R."""\nfrom json import loads as help_out\nfrom engine.recipes.parts.p import other\n' + MAIN,
            PART,
            "has no other",
        ),
        ('"""R."""\nfrom engine.recipes.parts.p import help_out\nA: int = 3\n' + MAIN, PART, "nothing uses A"),
        ('"""R."""\nimport json\nfrom engine.recipes.parts.p import help_out\n' + MAIN, PART, "nothing uses json"),
        ('"""R."""\nfrom engine.recipes.parts.p import help_out\nA: int = len("x")\n' + MAIN, PART, "no literal"),
        ('"""R."""\nfrom engine.recipes.parts.p import help_out\nprint("work")\n' + MAIN, PART, "belong here"),
        ('"""R."""\nfrom .parts.p import help_out\n' + MAIN, PART, "absolute"),
        (
            '"""R."""\nfrom __future__ import annotations\nfrom engine.recipes.parts.p import help_out\n' + MAIN,
            PART,
            "absolute",
        ),
        ('"""R."""\nfrom engine.recipes.parts.p import help_out as h\n' + MAIN, PART, "own name"),
        ('"""R."""\nimport numpy as np\nfrom engine.recipes.parts.p import help_out\n' + MAIN, PART, "plain name"),
        (
            '"""R."""\nfrom json import loads\nfrom engine.recipes.parts.p import help_out\n\n\ndef main():\n    return loads(help_out())\n',
            '"""P."""\nfrom pickle import loads\n\ndef help_out(): return loads(b"")\n',
            "bound by",
        ),
        ("from engine.recipes.parts.p import help_out\n" + MAIN, PART, "no docstring"),
    ],
)
def test_a_recipe_that_breaks_a_rule_is_refused(workshop, recipe, part, message):
    with pytest.raises(AssemblyError, match=message):
        workshop(recipe, p=part)


def test_decorators_and_comments_above_a_definition_come_along(workshop):
    part = '"""P."""\nfrom functools import cache\n\n\n# why it is cached\n@cache\ndef help_out():\n    """Help."""\n    return 1\n'
    modules = workshop('"""R."""\nfrom engine.recipes.parts.p import help_out\n' + MAIN, p=part)
    assert modules[0].definitions["help_out"].startswith("# why it is cached\n@cache\ndef help_out")


def test_every_form_of_a_goal_has_a_recipe():
    for cell in CELLS:
        assert assembly.path_of(f"engine.recipes.{described(*cell).recipe()}").is_file(), cell_name(cell)
