"""Text from outside is shown, never obeyed: markup, escape sequences, quotes and newlines in data, names and fields."""

import ast
import json
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Select

from engine.data.roles import shapes
from engine.document import load
from tests import facts
from tests.tui.desk import EMBED, SFT, Desk, at, keys, sees, text, type_text, until
from tui.widgets.entry import PathEntry, clean_path, completions
from tui.widgets.script_view import ScriptView
from tui.words import literal

pytestmark = pytest.mark.slow

NASTY = "[red]not red[/red] [@click=app.quit]no[/] \x1b[31mANSI\x1b[0m \x1b]0;title\x07 'q' \"d\" {} \\ \u202eback\x85"


def tame(app) -> bool:
    """Whether nothing on the screen could be obeyed by a terminal."""
    return all(sign.isprintable() or sign == "\n" for sign in text(app))


async def test_rows_and_column_names_are_shown_as_they_are(desk: Desk) -> None:
    rows = [{"[b]as\x1b[2Jk[/b]": f"{NASTY} {n}", "answer": f"line\nbreak [bold]{n}" * 5} for n in range(40)]
    (desk.folder / "nasty.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    app = desk.app({"goal": "sft", "model": {"id": "tiny-chat"}})
    async with app.run_test(size=(120, 40)) as pilot:
        app.new_run({"goal": "sft", "model": {"id": "tiny-chat"}}, at="data")
        await at(pilot, "DataScreen")
        app.screen.query_one(PathEntry).value = "nasty.jsonl"
        await pilot.press("enter")
        await sees(pilot, "40 rows", "[red]not red[/red] [@click=app.quit]no[/] ␛[31mANSI")
        assert tame(app)
        app.screen.query_one("#shape", Select).value = shapes("sft")[0]
        await pilot.pause()
        app.screen.query_one("#role0", Select).value = "[b]as\x1b[2Jk[/b]"
        app.screen.query_one("#role1", Select).value = "answer"
        await sees(pilot, "[b]as␛[2Jk[/b]", "line↵break [bold]")
        assert tame(app)
        await pilot.press("ctrl+n")
        await at(pilot, "MethodScreen")
        await pilot.press("enter")
        await at(pilot, "PlanScreen")
        await until(pilot, lambda: app.screen.query_one(ScriptView).text)
        columns = constant(app.screen.query_one(ScriptView).text, "COLUMNS")
        assert columns == {"prompt": "[b]as\x1b[2Jk[/b]", "completion": "answer"}
        await pilot.press("e")
        await at(pilot, "EditScreen")
        await sees(pilot, "data.columns")
        assert tame(app)


async def test_names_of_files_and_models_are_shown_as_they_are(desk: Desk) -> None:
    folder = desk.folder / "[red]mo'del\" {x}"
    facts.model(folder, facts.QWEN_HALF_B, chat=True)
    file = desk.folder / 'it\'s [bold]data[bold] "1".jsonl'
    file.write_text((desk.folder / "support.jsonl").read_text())
    app = desk.app({"goal": "sft", "model": {"id": str(folder)}, "data": {"train": str(file)}})
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, "[red]mo'del\" {x}", 'it\'s [bold]data[bold] "1".jsonl', "Memory")
        await until(pilot, lambda: app.screen.query_one(ScriptView).text)
        assert constant(app.screen.query_one(ScriptView).text, "BASE_MODEL") == str(folder)
        app.new_run({"goal": "sft"}, at="model")
        await sees(pilot, "[red]mo'del\" {x}")
        app.new_run({"goal": "sft", "model": {"id": str(folder)}}, at="data")
        await sees(pilot, "it's [bold]data[bold]")


async def test_a_broken_path_is_quoted_not_obeyed(desk: Desk) -> None:
    app = desk.app()
    async with app.run_test(size=(120, 40)) as pilot:
        app.new_run({"goal": "sft", "model": {"id": "tiny-chat"}}, at="data")
        await sees(pilot, "newest first")
        app.screen.query_one(PathEntry).value = "[red]x[/red][/nonsense] \\[ .jsonl"
        app.screen.query_one(PathEntry).focus()
        await pilot.press("enter")
        await sees(pilot, "✗", "[red]x[/red][/nonsense]")


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        (SFT, "model.revision"),
        (SFT, "data.test"),
        (SFT, "data.group"),
        (EMBED, "objective.query_prompt"),
        (EMBED, "objective.document_prompt"),
    ],
)
async def test_a_pasted_value_reaches_the_script_to_the_letter(desk: Desk, answers: dict, field: str) -> None:
    app = desk.app(answers)
    value = f"{NASTY}\nsecond\tline"
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, "Memory", "BASE_MODEL")
        app.screen.edit(field)
        await at(pilot, "EditScreen")
        await until(pilot, lambda: app.screen.query("#value"))
        await pilot.press("enter")
        await until(pilot, lambda: getattr(app.focused, "id", "") == "value")
        app.focused.value = ""
        app.focused.post_message(events.Paste(value))
        await until(pilot, lambda: "[red]not red" in app.focused.value)
        assert app.focused.value.isprintable()
        await pilot.press("enter")
        wizard = app.screen.wizard
        await until(pilot, lambda: wizard.said(field) == value or "✗" in text(app))
        assert wizard.said(field) == value
        assert tame(app)
        await pilot.press("escape")
        await at(pilot, "PlanScreen")
        await until(pilot, lambda: value in literals(app.screen.query_one(ScriptView).text))
        assert tame(app)
        await pilot.press("s")
        await sees(pilot, "Save the run")
        await pilot.press("enter")
        await until(pilot, lambda: list(desk.folder.glob("*.yaml")))
        assert dict(leaves(load(next(desk.folder.glob("*.yaml")))))[field] == value


def leaves(run):
    """Dotted names and values."""
    from engine.document import walk

    return [(name, value) for name, _, value in walk(run)]


def literals(script: str) -> list:
    """Every literal of a script, which must be valid Python."""
    return [node.value for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Constant)]


def constant(script: str, name: str):
    """The literal value of a setting in a script, which must be valid Python."""
    for node in ast.parse(script).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            return ast.literal_eval(node.value)
    return None


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        ("  /data/my file.jsonl \n", "/data/my file.jsonl"),
        ("'/data/my file.jsonl'", "/data/my file.jsonl"),
        ('"/data/my file.jsonl"', "/data/my file.jsonl"),
        ("/data/my\\ file\\(1\\).jsonl", "/data/my file(1).jsonl"),
        ("file:///data/my%20file.jsonl", "/data/my file.jsonl"),
        ("owner/name", "owner/name"),
        ("\n\n", ""),
        ("it's.jsonl", "it's.jsonl"),
    ],
)
def test_a_pasted_path_is_the_path_that_was_meant(pasted: str, meant: str) -> None:
    assert clean_path(pasted) == meant


async def test_a_quoted_path_with_spaces_can_be_pasted_and_typed(desk: Desk) -> None:
    (desk.folder / "my data.jsonl").write_text((desk.folder / "support.jsonl").read_text())
    app = desk.app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.new_run({"goal": "sft", "model": {"id": "tiny-chat"}}, at="data")
        await sees(pilot, "newest first")
        field = app.screen.query_one(PathEntry)
        field.focus()
        await pilot.pause()
        field.post_message(events.Paste(f'"{desk.folder}/my data.jsonl"\n'))
        await until(pilot, lambda: field.value == f"{desk.folder}/my data.jsonl")
        await pilot.press("enter")
        await sees(pilot, "600 rows")
        field.value = ""
        await type_text(pilot, "~")
        field.value = "'my data.jsonl'"
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.wizard.said("data.train") == f"{desk.folder}/my data.jsonl")


async def test_tab_completes_a_path_as_a_shell_does_and_else_leaves_the_field(desk: Desk) -> None:
    app = desk.app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.new_run({"goal": "sft", "model": {"id": "tiny-chat"}}, at="data")
        await sees(pilot, "newest first")
        field = app.screen.query_one(PathEntry)
        field.focus()
        await type_text(pilot, "sup")
        await pilot.press("tab")
        assert field.value == "support.jsonl"
        assert app.focused is field
        await pilot.press("tab")
        assert app.focused is not field


def test_completions_keep_what_was_typed_and_mark_folders(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "more.txt").touch()
    (tmp_path / ".mold").touch()
    assert list(completions(f"{tmp_path}/mo")) == [f"{tmp_path}/models/", f"{tmp_path}/more.txt"]
    assert list(completions(f"{tmp_path}/none/x")) == []


def test_literal_text_keeps_every_sign_visible_and_harmless() -> None:
    shown = literal(NASTY)
    assert shown.isprintable()
    assert "[red]not red[/red]" in shown
    assert "␛[31mANSI" in shown
    assert literal("x" * 50, 10) == "x" * 9 + "…"


async def test_a_password_is_never_on_the_screen_or_in_our_files(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.problem import Problem

    taken: list[str] = []
    monkeypatch.setattr("huggingface_hub.login", lambda token, **_: taken.append(token))

    def gated(name: str):
        if taken:
            return facts.model(desk.folder / "tiny-chat", facts.QWEN_HALF_B, chat=True)
        raise Problem(f"'{name}' is gated and this machine has no token", advice="accept its terms", code="gated")

    monkeypatch.setattr("tui.screens.model.look", gated)
    app = desk.app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.new_run({"goal": "sft"}, at="model")
        await sees(pilot, "LoRA")
        field = app.screen.query_one(PathEntry)
        field.focus()
        field.value = "meta-llama/Llama-2-7b-hf"
        await pilot.press("enter")
        await sees(pilot, "A token is needed", "is gated")
        await type_text(pilot, "not a token")
        await pilot.press("enter")
        await sees(pilot, "this is no token")
        app.focused.value = ""
        await type_text(pilot, "hf_secret123")
        assert "hf_secret123" not in text(app)
        assert ("f1", "Help") in keys(app)
        await pilot.press("enter")
        await at(pilot, "DataScreen")
        assert taken == ["hf_secret123"]
        assert "hf_secret123" not in str(vars(app.screen.wizard))
    written = [path for path in desk.folder.rglob("*") if path.is_file() and b"hf_secret123" in path.read_bytes()]
    assert not written


@pytest.mark.parametrize(("token", "sentence"), [("", "no token"), ("hf_a b", "no token"), ("hf_abc", "does not take")])
def test_a_token_that_cannot_be_checked_is_not_kept_and_not_repeated(
    token: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.login import log_in
    from engine.problem import Problem

    for name in ("HF_TOKEN_PATH", "HF_STORED_TOKENS_PATH"):
        monkeypatch.setattr(f"huggingface_hub.constants.{name}", str(tmp_path / name))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(Problem, match=sentence) as caught:
        log_in(token)
    assert "hf_abc" not in caught.value.sentence
    assert not list(tmp_path.iterdir())
