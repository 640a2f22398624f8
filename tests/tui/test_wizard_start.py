"""From the plan to a real training: the worker is started by the screen, and the screen shows what it does."""

import time
from pathlib import Path

import pytest

from engine.follow import Follower
from engine.run import state
from tests.tiny import talks, write_rows
from tests.tui.desk import Desk, at_training, sees
from tui.app import Tunewright

MINUTES = 3 * 60


@pytest.mark.slow
async def test_enter_on_the_plan_trains_the_model(desk: Desk, llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.chdir(desk.folder)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    data = write_rows(desk.folder / "talks.jsonl", talks())
    training = {"max_steps": 2, "threads": 1}
    answers = {"goal": "sft", "model": {"id": str(llama)}, "data": {"train": str(data)}, "training": training}
    answers["objective"] = {"samples": 0}
    app = Tunewright(desk.folder / "runs", answers=answers)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, "Teach", "Memory")
        await pilot.press("enter")
        await at_training(pilot)
        [folder] = (desk.folder / "runs").iterdir()
        follower = Follower(folder)
        end = time.monotonic() + MINUTES
        while follower.read() >= 0 and state(folder, follower.history) != "completed":
            assert time.monotonic() < end, (folder / "log.txt").read_text()
            assert state(folder, follower.history) not in ("failed", "died"), (folder / "log.txt").read_text()
            await pilot.pause(0.1)
        assert follower.history.step == 2
        await pilot.press("escape")
    assert (folder / "output" / "results.json").is_file()
