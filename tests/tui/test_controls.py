"""Steering a run from its screen: requests are files that its worker reads, refusals are sentences."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.desk import keys
from tests.tui.journals import RunFolder, answer, standing_in, wait_until
from tui.app import Tunewright
from tui.screens.train import TrainScreen
from tui.widgets.spans import Spans

SMALL = (80, 24)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that does nothing."""
    with standing_in(tmp_path / "support") as sleeper:
        yield sleeper
        sleeper.kill()


@pytest.fixture
def run(tmp_path: Path, process: subprocess.Popen[bytes]) -> RunFolder:
    return RunFolder(tmp_path, "support").start(process.pid).prepare().begin().train(1, 130)


def notice(pilot: Pilot[Any]) -> str:
    found = pilot.app.screen.query("#notice")
    return found.first(Spans).text if found else ""


async def opened(pilot: Pilot[Any]) -> TrainScreen:
    await wait_until(pilot, lambda: "step 130" in "".join(each.text for each in pilot.app.screen.query(Spans)))
    screen = pilot.app.screen
    assert isinstance(screen, TrainScreen)
    return screen


@pytest.mark.parametrize(
    ("key", "request_", "words"),
    [("k", "save", "saves"), ("e", "evaluate", "measures"), ("n", "stop_at_evaluation", "stops with a checkpoint")],
)
async def test_a_key_asks_the_run(key: str, request_: str, words: str, run: RunFolder) -> None:
    async with Tunewright(run.path.parent, watch=run.path).run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press(key)
        await wait_until(pilot, lambda: words in notice(pilot))
    assert [path.name for path in (run.path / "control").iterdir()] == [request_]


async def test_killing_asks_names_what_is_lost_and_enter_means_no(
    run: RunFolder, process: subprocess.Popen[bytes]
) -> None:
    async with Tunewright(run.path.parent, watch=run.path).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        assert "30 steps after the checkpoint of step 100" in screen._what_killing_costs()
        await pilot.press("X")
        await wait_until(pilot, lambda: pilot.app.screen is not screen)
        await answer(pilot, "enter")
        await wait_until(pilot, lambda: pilot.app.screen is screen)
        assert process.poll() is None
        await pilot.press("X")
        await answer(pilot, "y")
        await wait_until(pilot, lambda: process.poll() is not None)
        assert process.returncode == -signal.SIGKILL


async def test_fewer_epochs_are_refused_with_the_reason_where_the_schedule_falls(run: RunFolder) -> None:
    async with Tunewright(run.path.parent, watch=run.path).run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press("o")
        await wait_until(pilot, lambda: bool(pilot.app.screen.query("Entry")))
        await pilot.press("2", "enter")
        trouble = pilot.app.screen.query_one("Trouble")
        await wait_until(pilot, lambda: "schedule" in str(trouble.render()))
    assert not list((run.path / "control").iterdir())


async def test_who_only_looks_on_is_offered_nothing_that_changes_the_run(run: RunFolder) -> None:
    app = Tunewright(run.path.parent)
    async with app.run_test(size=(120, 40)) as pilot:
        await app.push_screen(TrainScreen(run.path, read_only=True))
        await opened(pilot)
        await pilot.press("k", "e", "n", "s", "X", "o")
        await pilot.pause(0.3)
        assert isinstance(app.screen, TrainScreen)
        assert "read-only" in app.screen.query_one("#heading", Spans).text
        assert "Stop and save" not in [words for _, words in keys(app)]
    assert not list((run.path / "control").iterdir())
