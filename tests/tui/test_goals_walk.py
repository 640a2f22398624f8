"""Every goal from Home to Results with the keyboard alone: real questions, a real plan, a real training."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.follow import Follower
from engine.run import state
from engine.tables import GOALS
from tests.tiny import pairs, talks, write_rows
from tests.tui.desk import at, at_training, sees, type_text, until
from tests.tui.journals import answer
from tui.app import Tunewright
from tui.widgets.entry import PathEntry

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("loaded_python")]

MINUTES = 4 * 60
REWARD = "def pay(prompts, completions, **columns):\n    return [float('red' in text) for text in completions]\n"


def chosen(count: int = 32) -> list[dict[str, str]]:
    """Prompts with a better and a worse answer."""
    return [{"prompt": row["prompt"], "chosen": row["completion"], "rejected": "no."} for row in talks(count)]


def labelled(count: int = 40) -> list[dict[str, str]]:
    """Texts of two classes."""
    return [
        {"text": f"the {row['question']}", "label": ("colour", "number")[n % 2]} for n, row in enumerate(pairs(count))
    ]


def texts(count: int = 40) -> list[dict[str, str]]:
    """Plain texts."""
    return [{"text": f"{row['question']}. {row['passage']}. " * 3} for row in pairs(count)]


ROWS: dict[str, Callable[[], list[dict[str, str]]]] = {
    "sft": lambda: talks(32), "embed": lambda: pairs(40), "classify": labelled, "pretrain": texts, "prefer": chosen,
    "reward": chosen, "reinforce": lambda: [{"prompt": row["prompt"]} for row in talks(16)],
    "distill": lambda: talks(24), "baseline": lambda: talks(24),
}  # fmt: skip
ENCODERS = {"embed", "classify"}


async def typed_into(pilot: Pilot[Any], place: str, text: str) -> None:
    """Type a path into the field of a screen and take it."""
    await at(pilot, place)
    field = pilot.app.screen.query_one(PathEntry)
    field.focus()
    await pilot.pause()
    await type_text(pilot, text)
    await pilot.press("enter")


async def trained(pilot: Pilot[Any], runs: Path) -> Path:
    """Wait until the only run has ended well."""
    await until(pilot, lambda: runs.exists() and any(path.is_dir() for path in runs.glob("*-*")))
    [folder] = runs.glob("*-*")
    follower, end = Follower(folder), time.monotonic() + MINUTES
    while follower.read() >= 0 and state(folder, follower.history) != "completed":
        assert time.monotonic() < end, (folder / "log.txt").read_text()[-2000:]
        assert state(folder, follower.history) not in ("failed", "died"), (folder / "log.txt").read_text()[-3000:]
        await pilot.pause(0.2)
    return folder


@pytest.mark.parametrize("goal", GOALS)
async def test_a_goal_is_walked_from_home_to_results(
    goal: str, tmp_path: Path, llama: Path, bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("TUNEWRIGHT_WARM", "0")
    for name, folder in (("llama", llama), ("bert", bert)):
        (tmp_path / name).symlink_to(folder)
    write_rows(tmp_path / "rows.jsonl", ROWS[goal]())
    (tmp_path / "pay.py").write_text(REWARD)
    app = Tunewright(tmp_path / "runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await at(pilot, "HomeScreen")
        await pilot.press("n")
        await at(pilot, "GoalScreen")
        await pilot.press(*["down"] * GOALS.index(goal), "enter")
        await typed_into(pilot, "ModelScreen", "bert" if goal in ENCODERS else "llama")
        await typed_into(pilot, "DataScreen", "rows.jsonl")
        await sees(pilot, "rows ·", "for the test")
        await pilot.press("enter")
        await at(pilot, "MethodScreen")
        if goal in ("reinforce", "distill"):
            await typed_into(pilot, "MethodScreen", "pay.py:pay" if goal == "reinforce" else "llama")
        if goal == "reinforce":
            await sees(pilot, "Run this code?", "pay.py", "def pay(prompts, completions")
            await answer(pilot, "y")
            await at(pilot, "MethodScreen")
        await sees(pilot, "No training" if goal == "baseline" else "LoRA 16-bit")
        await pilot.press("enter")
        await at(pilot, "PlanScreen")
        await sees(pilot, "Teach" if goal != "baseline" else "rows.jsonl", "Memory")
        await pilot.press("enter")
        await at_training(pilot)
        folder = await trained(pilot, tmp_path / "runs")
        await at_training(pilot)
        if type(pilot.app.screen).__name__ == "TrainScreen":
            await pilot.press("enter")
        await at(pilot, "ResultsScreen")
        await sees(pilot, "loss" if goal == "baseline" else "rows never trained on")
    results = json.loads((folder / "output" / "results.json").read_text())
    assert results["goal"] == goal
    assert results["metrics"]
