"""The question before code of others runs: everywhere on the screen where something would be executed."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Log

from engine import document, run_folder, user_state
from engine.run import stop
from tests.training import trusted
from tests.tui.desk import Desk, at, sees, text, until
from tests.tui.journals import answer
from tui.app import Tunewright
from tui.screens.consent import ConsentScreen

EVIL = "open({place!r}, 'a').close()\n"


@pytest.fixture
def sent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of a stranger among the runs: its model brings code, its run file says that this may run."""
    monkeypatch.setenv("XDG_STATE_HOME", str(desk.folder / "his"))
    model = desk.folder / "tiny-chat"
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoConfig": "own_code.Own"}}))
    (model / "own_code.py").write_text(EVIL.format(place=str(desk.folder / "owned")) + "# \x1b]0;title\x07\n" * 50)
    folder = run_folder.create(trusted(document.check(values(desk))), desk.folder / "runs")
    monkeypatch.setenv("XDG_STATE_HOME", str(desk.folder / "mine"))
    return folder


def values(desk: Desk) -> dict[str, Any]:
    return {
        "goal": "sft",
        "model": {
            "id": str(desk.folder / "tiny-chat"), "dtype": "fp32", "attention": "sdpa", "trust_remote_code": True
        },
        "data": {
            "train": str(desk.folder / "support.jsonl"), "columns": {"prompt": "prompt", "completion": "completion"}
        },
        "objective": {"chat_template": "own"},
        "training": {"precision": "fp32"},
        "launch": {"device": "cpu"},
    }  # fmt: skip


async def repeated(pilot: Pilot[Any], sent: Path) -> None:
    """Stand on the plan of the stranger's run."""
    app = pilot.app
    assert isinstance(app, Tunewright)
    await at(pilot, "HomeScreen")
    await sees(pilot, sent.name[:20])
    await pilot.press("r")
    await at(pilot, "PlanScreen")
    await sees(pilot, "Teach", "Memory")


async def test_repeating_a_strangers_run_shows_its_code_and_asks(desk: Desk, sent: Path) -> None:
    async with desk.app().run_test(size=(120, 40)) as pilot:
        await repeated(pilot, sent)
        await pilot.press("enter")
        await at(pilot, "ConsentScreen")
        content = (desk.folder / "tiny-chat" / "own_code.py").read_bytes()
        shown = await sees(pilot, "tiny-chat", hashlib.sha256(content).hexdigest(), "owned", "Run it")
        assert "\x1b" not in shown and "\x07" not in shown
        await pilot.press("end")
        log = pilot.app.screen.query_one(Log)
        await until(pilot, lambda: log.scroll_y > 0, "the end of the code")
        await answer(pilot, "n")
        await sees(pilot, "nothing is run without your consent")
        assert [*(desk.folder / "runs").glob("*-*")] == [sent]
        await pilot.press("enter")
        await at(pilot, "ConsentScreen")
        await answer(pilot, "escape")
        await at(pilot, "PlanScreen")
    assert not user_state.state_file().exists()
    assert not (desk.folder / "owned").exists()


@pytest.mark.slow
async def test_what_is_agreed_to_on_the_screen_is_remembered_and_started(desk: Desk, sent: Path) -> None:
    async with desk.app().run_test(size=(80, 24)) as pilot:
        await repeated(pilot, sent)
        await pilot.press("enter")
        await at(pilot, "ConsentScreen")
        await answer(pilot, "y")
        await at(pilot, "TrainScreen")
        [new] = [folder for folder in (desk.folder / "runs").glob("*-*") if folder != sent]
        stop(new, hard=True)
    assert {record["type"] for record in user_state.records()} == {"consent", "run"}


async def test_the_tokens_of_a_strangers_run_ask_as_well(desk: Desk, sent: Path) -> None:
    async with desk.app().run_test(size=(120, 40)) as pilot:
        await repeated(pilot, sent)
        await pilot.press("t")
        await at(pilot, "ConsentScreen")
        await answer(pilot, "n")
        await at(pilot, "PlanScreen")
    assert not (desk.folder / "owned").exists()


async def test_going_on_with_a_strangers_run_shows_its_script_and_asks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(desk.folder / "his"))
    described = values(desk)
    described["model"]["trust_remote_code"] = False
    folder = run_folder.create(document.check(described), desk.folder / "runs")
    monkeypatch.setenv("XDG_STATE_HOME", str(desk.folder / "mine"))
    (folder / "train.py").write_text(EVIL.format(place=str(desk.folder / "owned")) + "raise SystemExit('his script')\n")
    async with Tunewright(desk.folder / "runs", folder).run_test(size=(80, 24)) as pilot:
        await at(pilot, "TrainScreen")
        await sees(pilot, "Resume")
        await pilot.press("r")
        await at(pilot, "ConsentScreen")
        await sees(pilot, "train.py", "his script")
        await answer(pilot, "n")
        await sees(pilot, "nothing is run without your consent")
        assert not (folder / "events.jsonl").exists() and not (desk.folder / "owned").exists()
        await pilot.press("r")
        await at(pilot, "ConsentScreen")
        await answer(pilot, "y")
        await until(pilot, lambda: (desk.folder / "owned").exists(), "his script, which was agreed to")
        await until(pilot, lambda: "failed" in text(pilot.app).lower() or "his script" in text(pilot.app))


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_the_question_fits_small_screens(size: tuple[int, int], desk: Desk) -> None:
    from engine.code import Code, CodeFile

    codes = [Code("reward", "/a/very/long/" + "path/" * 30 + "pay.py", (CodeFile("pay.py", b"x = 1\n" * 200),))]
    async with desk.app().run_test(size=size) as pilot:
        pilot.app.push_screen(ConsentScreen(codes))
        await at(pilot, "ConsentScreen")
        await sees(pilot, "x = 1" if size[1] > 20 else "Run this code?")
        await answer(pilot, "n")
        await at(pilot, "HomeScreen")
