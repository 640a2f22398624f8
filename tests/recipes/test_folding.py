"""Specialization of scripts: each rule of folding on small texts, and what it leaves of whole scripts."""

import ast

import pytest

from engine import script
from engine.folding.calls import Seam
from engine.folding.constants import fold
from engine.folding.specialize import specialize
from engine.folding.values import Dotted
from tests.recipes.shapes import CELLS, FORMS, cell_name
from tests.recipes.test_script import calls, described, settings
from tests.scripts import assembled


def body(text):
    """The statements of a function, one normalized line each, without its docstring."""
    node = ast.parse(text).body[-1]
    return [
        ast.unparse(each) for each in node.body if not isinstance(each, ast.Expr) or isinstance(each.value, ast.Call)
    ]


def folded(code, **known):
    lines = "".join(f"    {line}\n" for line in code.splitlines())
    return body(fold(f"def f(x, y):\n{lines}", known))


@pytest.mark.parametrize(
    ("code", "known", "left"),
    [
        ("if MODE == 'a':\n    x()\nelse:\n    y()", {"MODE": "a"}, ["x()"]),
        ("if MODE == 'a':\n    x()\nelse:\n    y()", {"MODE": "b"}, ["y()"]),
        (
            "if MODE == 'a':\n    x()\nelif y:\n    y()\nelse:\n    x(1)",
            {"MODE": "b"},
            ["if y:\n    y()\nelse:\n    x(1)"],
        ),
        ("if not NAMES:\n    return 1\nreturn 2", {"NAMES": ()}, ["return 1"]),
        ("if ON and x:\n    y()", {"ON": True}, ["if x:\n    y()"]),
        ("if ON and x:\n    y()", {"ON": False}, ["pass"]),
        ("if x:\n    if ON:\n        y()\nreturn x", {"ON": False}, ["if x:\n    pass", "return x"]),
        ("return A or x", {"A": ""}, ["return x"]),
        ("return A or x", {"A": "a"}, ["return 'a'"]),
        ("return x or A or y", {"A": 0}, ["return x or y"]),
        ("return x if A in ('a', 'b') else y", {"A": "b"}, ["return x"]),
        ("return (x if A else y) + 1", {"A": 1}, ["return x + 1"]),
        ("return (x or y if A else y) + 1", {"A": 1}, ["return (x or y) + 1"]),
        ("return {'a': x, 'b': y}[A]", {"A": "b"}, ["return y"]),
        ("return {'a': x}.get(A, y)", {"A": "c"}, ["return y"]),
        ("return isinstance(A, str)", {"A": ("q",)}, ["return False"]),
        ("return f'{A}_{x}'", {"A": "eval"}, ["return f'eval_{x}'"]),
        ("return f'{A}_b'", {"A": "eval"}, ["return 'eval_b'"]),
        ("kind = A\nreturn x(kind)", {"A": "k"}, ["return x('k')"]),
        ("kind = A\nkind = x\nreturn kind", {"A": "k"}, ["kind = 'k'", "kind = x", "return kind"]),
        ("kind = A\nreturn [kind for kind in x]", {"A": "k"}, ["kind = 'k'", "return [kind for kind in x]"]),
        ("for z in () if A else x:\n    y(z)\nreturn x", {"A": 1}, ["return x"]),
        ("return x(**{'a': y, 'b': 1}, c=2)", {}, ["return x(a=y, b=1, c=2)"]),
        ("return x(**{}, c=2)", {}, ["return x(c=2)"]),
        ("return {'a': 1, **{'b': x}}", {}, ["return {'a': 1, 'b': x}"]),
        ("return A + 1", {"A": 2}, ["return 3"]),
        ("return x(A or -1)", {"A": 0}, ["return x(-1)"]),
        ("return ','.join(A) or x", {"A": ()}, ["return x"]),
        ("return A.rpartition(':')[2]", {"A": "a:b"}, ["return 'b'"]),
        ("return A in ('a', x)", {"A": "a"}, ["return True"]),
        ("return A not in ('a', x)", {"A": "b"}, ["return 'b' not in ('a', x)"]),
        ("return f'{A[\"b\"]} {x}'", {"A": {"b": "c"}}, ["return f'c {x}'"]),
        ("return A['b']", {"A": {"b": "c"}}, ["return 'c'"]),
        ("return A and (x or y) and y()", {"A": 1}, ["return (x or y) and y()"]),
        ("return x() and A and (y if x else 0)", {"A": 1}, ["return x() and (y if x else 0)"]),
        ("kind = x.kind\nreturn kind if A else y", {"A": 0}, ["return y"]),
        ("kind = x()\nreturn kind if A else y", {"A": 0}, ["kind = x()", "return y"]),
        ("return x(A)", {"A": 'it\'s "q"\n'}, ["return x('it\\'s \"q\"\\n')"]),
    ],
)
def test_what_is_known_is_decided(code, known, left):
    assert folded(code, **known) == left


def test_comments_stay_with_what_stays():
    text = "def f(x):\n    # why\n    if ON:\n        # how\n        x()\n    # gone\n    if not ON:\n        x(1)\n    return x  # end\n"
    assert fold(text, {"ON": True}) == "def f(x):\n    # why\n    # how\n    x()\n    return x  # end\n"


def test_a_string_of_several_lines_keeps_its_blanks():
    text = 'def f(x):\n    if ON:\n        x("""one\n  two\nthree""")\n    return x\n'
    assert fold(text, {"ON": True}) == 'def f(x):\n    x("""one\n  two\nthree""")\n    return x\n'


def test_keywords_keep_their_comments_when_a_dict_is_written_out():
    text = "def f(x):\n    return x(\n        **{\n            'a': 1,  # why\n            **x,\n        },\n        b=2,\n    )\n"
    result = fold(text, {})
    assert "a= 1,  # why" in result
    assert ast.unparse(ast.parse(result)) == "def f(x):\n    return x(a=1, **x, b=2)"


def test_a_member_of_an_enumeration_is_told_from_another():
    text = "def f(task):\n    if task != TaskType.SEQ_CLS:\n        return None\n    return task\n"
    assert body(fold(text, {"task": Dotted("TaskType.CAUSAL_LM")})) == ["return None"]
    assert body(fold(text, {"task": Dotted("TaskType.SEQ_CLS")})) == ["return TaskType.SEQ_CLS"]
    assert body(fold(text, {"task": Dotted("SETTING")}))[0].startswith("if SETTING != TaskType.SEQ_CLS")


def whole(decided=None, symbols=(), seam=None, **pieces):
    found = specialize(pieces, decided or {}, frozenset(symbols), seam or Seam())
    return {name: ast.unparse(ast.parse(text)) for name, text in found.items()}


MAIN = "def main(rows):\n    return {0}\n"


def test_a_parameter_that_is_always_the_same_is_put_in():
    act = "def act(rows, name, deep=False):\n    return rows(name) if deep else rows(SETTING, name)\n"
    found = whole(act=act, main=MAIN.format("act(rows, 'a') + act(rows[0], name='a')"))
    assert found["act"] == "def act(rows):\n    return rows(SETTING, 'a')"
    assert found["main"] == "def main(rows):\n    return act(rows) + act(rows[0])"
    found = whole(act=act, main=MAIN.format("act(rows, 'a') + act(rows, 'b')"))
    assert found["act"].startswith("def act(rows, name):")


def test_a_setting_is_put_in_by_its_name_unless_something_local_has_that_name():
    act = "def act(source):\n    return open(source), [1 for TRAIN in ()]\n"
    found = whole(act=act.replace("TRAIN", "x"), main=MAIN.format("act(TRAIN)"), symbols=["TRAIN"])
    assert "open(TRAIN)" in found["act"]
    assert "open(source)" in whole(act=act, main=MAIN.format("act(TRAIN)"), symbols=["TRAIN"])["act"]
    local = "def main(rows):\n    act = rows\n    return use(act)\n"
    found = whole(use="def use(a):\n    return a.b(a)\n", act="def act():\n    return rows()\n", main=local)
    assert found["use"] == "def use(a):\n    return a.b(a)"


@pytest.mark.parametrize(
    ("act", "call", "left"),
    [
        ("def act(a):\n    return a\n", "act(rows).x", "rows.x"),
        ("def act(a, b):\n    return a\n", "act(rows or 1, 2).x", "(rows or 1).x"),
        ("def act(a, b):\n    return a\n", "act(rows, rows())", "act(rows, rows())"),
        ("def act():\n    return Library\n", "act().load(rows)", "Library.load(rows)"),
        ("def act():\n    return {}\n", "rows(**act())", "rows()"),
        ("def act():\n    return {'a': SETTING}\n", "rows(**act(), b=1)", "rows(a=SETTING, b=1)"),
        ("class act(Base):\n    '''Nothing.'''\n", "act(rows)", "Base(rows)"),
    ],
)
def test_what_says_nothing_of_its_own_is_replaced(act, call, left):
    found = whole(act=act, main=MAIN.format(call), symbols=["Library", "SETTING", "Base"])
    assert found["main"] == f"def main(rows):\n    return {left}"
    assert ("act" in found) == ("act" in left)


def test_a_call_of_a_function_that_does_nothing_goes_and_leaves_no_empty_block():
    main = "def main(rows):\n    for row in rows:\n        act(row)\n    return rows\n"
    found = whole(act="def act(row):\n    '''Do nothing.'''\n", main=main)
    assert list(found) == ["main"]
    assert found["main"] == "def main(rows):\n    for row in rows:\n        pass\n    return rows"


def test_what_is_used_from_outside_keeps_its_name_and_its_parameters():
    read, main = "def read(source):\n    return source\n", MAIN.format("read(TRAIN)")
    assert "read" not in whole(read=read, main=main, symbols=["TRAIN"])
    kept = whole(read=read, main=main, symbols=["TRAIN"], seam=Seam(fixed=frozenset({"read"})))
    assert kept == {"read": read.rstrip(), "main": main.rstrip()}
    named = whole(read=read, main=main, symbols=["TRAIN"], seam=Seam(replaceable=frozenset({"read"})))
    assert named["read"] == "def read():\n    return TRAIN"


def test_what_is_passed_on_as_a_value_keeps_its_form():
    act = "def act(row, deep):\n    return row if deep else None\n"
    found = whole(act=act, main=MAIN.format("rows.map(act) or act(rows, True)"))
    assert found["act"] == act.rstrip()


@pytest.mark.parametrize("goal", FORMS)
def test_a_script_holds_only_what_its_run_needs(goal):
    run = described(goal, "none" if goal == "baseline" else "full", FORMS[goal][0])
    text, plain = script.assemble(run), script.assemble(run, specialized=False)
    assert len(text.splitlines()) < len(plain.splitlines())
    stated, names = settings(text), {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    values = script.values(run)
    for name, (_, value) in stated.items():
        assert sum(name in line for line in text.splitlines()) > 1
        assert name == "OUTPUT" or value == values[name]
    for name in script.decided(run, script.modules_of(run)):
        assert name not in names
    assert script.SEAM_SETTINGS & settings(plain).keys() <= stated.keys()


def test_hostile_values_that_are_written_into_a_function_stay_data():
    text = '"); import os; os.system("touch owned"); ("'
    run = described(model={"id": "a/model", "revision": text}, method={"kind": "lora", "targets": (text,)})
    assembled = script.assemble(run)
    literals = [node.value for node in ast.walk(ast.parse(assembled)) if isinstance(node, ast.Constant)]
    assert literals.count(text) >= 2
    assert "os.system" not in calls(assembled)


@pytest.mark.slow
@pytest.mark.parametrize("goal", FORMS)
def test_every_cell_of_a_goal_is_specialized_into_a_script_without_a_fault(goal, tmp_path):
    cells = [cell for cell in CELLS if cell[0] == goal]
    texts = assembled([described(*cell) for cell in cells], tmp_path)  # the names are checked, and ruff looks at all
    for cell, text in zip(cells, texts, strict=True):
        assert text.endswith("    main()\n"), cell_name(cell)
    assert len(cells) > 1
