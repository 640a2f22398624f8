"""Wrong answers: each gets its sentence beside the field, the focus goes there, and nothing is lost."""

import json
from pathlib import Path

import pytest
from textual.widgets import Select

from engine.tables import GOALS
from tests.tui.conftest import write
from tests.tui.desk import SFT, Desk, at, keys, sees, text, type_text, until, walk_to
from tui.widgets.trouble import Trouble

pytestmark = pytest.mark.slow


async def answer(pilot, words: str) -> None:
    """Type into the path field of the screen and press Enter."""
    field = pilot.app.screen.query_one("#path")
    field.focus()
    field.value = ""
    await type_text(pilot, words)
    await pilot.press("enter")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("weights-only", "this folder has no config.json"),
        ("nobody/knows-it", "this machine is offline"),
        ("support.jsonl", "this is a file"),
        ("./no-such-folder", "there is no folder"),
    ],
)
async def test_a_wrong_model_is_said_beside_the_field(desk: Desk, typed: str, sentence: str) -> None:
    (desk.folder / "weights-only").mkdir()
    (desk.folder / "weights-only" / "model.safetensors").write_bytes(b"")
    async with desk.app().run_test(size=(80, 24)) as pilot:
        await walk_to(pilot, "model")
        await answer(pilot, typed)
        await until(pilot, lambda: sentence in str(pilot.app.screen.query_one(Trouble).content), sentence)
        assert pilot.app.focused is pilot.app.screen.query_one("#path")
        assert pilot.app.focused.value == typed, "what was typed stays, to be mended"
        assert "✗" in text(pilot.app)


async def test_a_model_of_the_wrong_kind_is_refused_with_the_right_kind(desk: Desk) -> None:
    (desk.folder / "t5").mkdir()
    config = {"model_type": "t5", "d_model": 64, "num_layers": 2, "num_heads": 2, "vocab_size": 99, "d_ff": 128}
    (desk.folder / "t5" / "config.json").write_text(json.dumps(config))
    async with desk.app().run_test(size=(120, 40)) as pilot:
        await walk_to(pilot, "model", goal="embed")
        await answer(pilot, "t5")
        await sees(pilot, "so it gives no vectors to search with", "choose an embedding model")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("missing.jsonl", None, "missing.jsonl"),
        ("empty.jsonl", "", "empty"),
        ("broken.jsonl", '{"prompt": "a", "completion": "b"}\n{"prompt": "a", "comp\n', "2"),
        ("list.json", "[1, 2, 3]", "list of single values"),
    ],
)
async def test_wrong_data_is_said_beside_the_field(desk: Desk, name: str, content: str | None, sentence: str) -> None:
    if content is not None:
        (desk.folder / name).write_text(content)
    async with desk.app().run_test(size=(120, 40)) as pilot:
        await walk_to(pilot, "data")
        await answer(pilot, name)
        await sees(pilot, sentence)
        await until(pilot, lambda: "✗" in text(pilot.app) or "⚠" in text(pilot.app))
        assert pilot.app.screen.query_one("#path").value == name


async def test_rows_that_cannot_be_read_stop_the_way_to_the_plan(desk: Desk) -> None:
    (desk.folder / "single.json").write_text(json.dumps([{"prompt": "a", "completion": "b"}]))
    async with desk.app().run_test(size=(120, 40)) as pilot:
        await walk_to(pilot, "data")
        await answer(pilot, "single.json")
        await sees(pilot, "only one row")
        await pilot.press("enter")
        await until(pilot, lambda: "only one row" in str(pilot.app.screen.query_one(Trouble).content))
        await at(pilot, "DataScreen")


async def test_columns_that_fit_no_goal_can_be_given_roles_by_hand(desk: Desk) -> None:
    rows = [{"headline": f"about {n}", "size": n, "body": f"a story of {n}. " * 9} for n in range(60)]
    (desk.folder / "news.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    async with desk.app().run_test(size=(120, 40)) as pilot:
        await walk_to(pilot, "data")
        await answer(pilot, "news.jsonl")
        await sees(pilot, "60 rows")
        await pilot.press("ctrl+n")
        if type(pilot.app.screen).__name__ == "DataScreen":
            screen = pilot.app.screen
            screen.query_one("#shape", Select).value = ("prompt", "completion")
            await pilot.pause()
            screen.query_one("#role0", Select).value = "headline"
            screen.query_one("#role1", Select).value = "headline"
            await pilot.press("ctrl+n")
            await sees(pilot, "can't play two roles")
            screen.query_one("#role1", Select).value = "body"
            await pilot.press("ctrl+n")
        await at(pilot, "MethodScreen")


async def test_a_missing_role_is_asked_for_where_it_is_chosen(desk: Desk) -> None:
    async with desk.app().run_test(size=(120, 40)) as pilot:
        await walk_to(pilot, "looked")
        role = pilot.app.screen.query_one("#role1", Select)
        role.clear()
        await pilot.press("ctrl+n")
        await sees(pilot, "which column is the completion?")
        assert pilot.app.focused is role


@pytest.mark.parametrize("share", ["1", "-0.1", "a tenth", ""])
async def test_a_share_that_is_none_is_refused_with_its_bounds(desk: Desk, share: str) -> None:
    async with desk.app().run_test(size=(120, 40)) as pilot:
        await walk_to(pilot, "looked")
        field = pilot.app.screen.query_one("#share")
        field.value = share
        await pilot.press("ctrl+n")
        await sees(pilot, "it is a number, at least 0, less than 1")
        assert pilot.app.focused is field
        assert field.value == share


async def test_a_preset_whose_model_is_not_there_keeps_its_name_in_the_field(desk: Desk) -> None:
    app = desk.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await walk_to(pilot, "goal")
        await pilot.press(*["down"] * len(GOALS), "enter")
        await at(pilot, "ModelScreen")
        field = pilot.app.screen.query_one("#path")
        assert "/" in field.value
        await pilot.press("enter")
        await sees(pilot, "this machine is offline")
        assert pilot.app.focused is field


async def test_without_training_libraries_the_plan_says_what_to_install_and_does_not_start(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import sys

    bare = tmp_path / "bare-python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    bare.chmod(0o755)
    monkeypatch.setenv("TUNEWRIGHT_PYTHON", str(bare))
    async with desk.app(SFT).run_test(size=(120, 40)) as pilot:
        await sees(pilot, "the training libraries are not complete", "pip install 'tunewright[train]'")
        await pilot.press("enter")
        await until(pilot, lambda: "not complete" in str(pilot.app.screen.query_one("#trouble", Trouble).content))
        assert not (desk.folder / "runs").exists(), "nothing is created that can't be trained"
        assert ("enter", "Start") in keys(pilot.app)


async def test_one_row_is_no_data_set(desk: Desk) -> None:
    write(desk.folder / "one.jsonl", [{"prompt": "a", "completion": "b"}])
    async with desk.app().run_test(size=(120, 40)) as pilot:
        await walk_to(pilot, "data")
        await answer(pilot, "one.jsonl")
        await until(pilot, lambda: "one row" in text(pilot.app).lower() or "1 row" in text(pilot.app).lower())
        assert "✗" in text(pilot.app) or "⚠" in text(pilot.app)


async def test_a_model_without_weights_is_planned_but_not_started(desk: Desk) -> None:
    (desk.folder / "tiny-chat" / "model.safetensors").unlink()
    async with desk.app(SFT).run_test(size=(120, 40)) as pilot:
        await sees(pilot, "this folder holds no weights", "download the whole model")
        await pilot.press("enter")
        await until(pilot, lambda: "no weights" in str(pilot.app.screen.query_one("#trouble", Trouble).content))
        assert not (desk.folder / "runs").exists()
