"""Home: what runs there are, and what one key does to them."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.facts import T4, machine
from tests.tui.journals import RunFolder, answer, standing_in, wait_until
from tui.app import Tunewright
from tui.screens.ask import Ask, Sure
from tui.screens.home import EMPTY, HomeScreen
from tui.screens.results import ResultsScreen
from tui.screens.train import TrainScreen
from tui.widgets.runs_table import RunsTable


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Show times in UTC and a machine that is the same everywhere."""
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr("engine.machine.look", lambda _: machine(T4))
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    root = tmp_path / "runs"
    RunFolder(root, "support-done").start(at=-9000).begin(at=-8000).train(1, 100).complete(9060)
    stopped = RunFolder(root, "bge-[red]stopped", "embed").start(at=-5000).begin(at=-4000).train(1, 100)
    stopped.say("finished", 100, status="stopped", results=None)
    RunFolder(root, "support-going").start(at=-10_000).begin().train(1, 412)
    return root


def table(pilot: Pilot[Any]) -> RunsTable:
    return pilot.app.screen.query_one(RunsTable)


def names(pilot: Pilot[Any]) -> list[str]:
    screen = pilot.app.screen
    return [summary.name for summary in table(pilot).summaries] if isinstance(screen, HomeScreen) else []


async def listed(pilot: Pilot[Any], number: int = 3) -> None:
    await wait_until(pilot, lambda: len(names(pilot)) == number and table(pilot).has_focus)
    await wait_until(pilot, lambda: table(pilot).size.height == number)


async def test_without_runs_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    async with Tunewright(tmp_path / "none").run_test(size=(80, 24)) as pilot:
        empty = pilot.app.screen.query_one("#empty")
        assert str(empty.render()) == EMPTY
        assert empty.display


async def test_runs_going_on_come_first_then_the_newest(runs: Path) -> None:
    async with Tunewright(runs).run_test(size=(120, 40)) as pilot:
        await listed(pilot)
        assert names(pilot) == ["support-going", "bge-[red]stopped", "support-done"]
        rows = [" ".join(row.split()) for row in table(pilot).text.split("\n")]
        assert rows[0].startswith("› ▸ training support-going sft")
        assert "38 % of 1,083" in rows[0]
        assert rows[1].startswith("■ stopped bge-[red]stopped embed BAAI/bge-base-en-v1.5")
        assert "nDCG@10" in rows[1]
        assert rows[2].startswith("✓ done support-done")


async def test_the_list_follows_a_run_that_goes_on(runs: Path) -> None:
    async with Tunewright(runs).run_test(size=(120, 40)) as pilot:
        await listed(pilot)
        run = RunFolder.__new__(RunFolder)
        run.path = runs / "support-going"
        run.say("metrics", 300, step=900, epoch=2.5, values={"loss": 1.0})
        await wait_until(pilot, lambda: "83 % of 1,083" in table(pilot).text)


async def test_enter_opens_the_training_or_the_results(runs: Path) -> None:
    async with Tunewright(runs).run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, TrainScreen))
        await pilot.press("escape")
        await listed(pilot)
        await pilot.press("end", "enter")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, ResultsScreen))
        await pilot.press("escape")
        await listed(pilot)
        chosen = table(pilot).chosen
        assert chosen is not None and chosen.name == "support-done"


async def test_the_mouse_marks_and_opens(runs: Path) -> None:
    async with Tunewright(runs).run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.click(RunsTable, offset=(20, 2))
        assert table(pilot).cursor == 2
        assert isinstance(pilot.app.screen, HomeScreen)
        await pilot.click(RunsTable, offset=(20, 2))
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, ResultsScreen))


async def test_deleting_names_what_is_lost_and_enter_means_no(runs: Path) -> None:
    (runs / "support-done" / "output" / "model").mkdir()
    (runs / "support-done" / "output" / "checkpoint-100").mkdir()
    async with Tunewright(runs).run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("end", "d")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, Sure))
        said = str(pilot.app.screen.query_one(".text").render())
        assert said.startswith("its tuned model, 1 checkpoint, its script, curves and log go to the trash:")
        await answer(pilot, "enter")
        await listed(pilot)
        assert (runs / "support-done").is_dir()
        await pilot.press("end", "d")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, Sure))
        await answer(pilot, "y")
        await wait_until(pilot, lambda: names(pilot) == ["support-going", "bge-[red]stopped"])
        assert not (runs / "support-done").exists()
        await wait_until(pilot, lambda: "support-done is deleted" in str(pilot.app.screen.query_one("#said").render()))


async def test_a_run_that_goes_on_is_not_deleted(runs: Path) -> None:
    async with Tunewright(runs).run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("home", "d")
        await wait_until(pilot, lambda: "stop it first" in str(pilot.app.screen.query_one("#said").render()))
        assert isinstance(pilot.app.screen, HomeScreen)
        assert (runs / "support-going").is_dir()
        await pilot.press("down")
        await wait_until(pilot, lambda: not str(pilot.app.screen.query_one("#said").render()))


async def test_a_killed_run_is_seen_as_gone(tmp_path: Path) -> None:
    with standing_in(tmp_path / "killed") as process:
        RunFolder(tmp_path, "killed").start(process.pid).begin().train(1, 5)
        async with Tunewright(tmp_path).run_test(size=(80, 24)) as pilot:
            await listed(pilot, 1)
            assert "▸ training" in table(pilot).text
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            await wait_until(pilot, lambda: "✗ gone" in table(pilot).text)


async def test_more_runs_than_rows_scroll_with_the_cursor(tmp_path: Path) -> None:
    for number in range(40):
        RunFolder(tmp_path, f"run-{number:02}").start(at=-number).say("failed", 1, code="x", message="", advice="")
    async with Tunewright(tmp_path).run_test(size=(80, 24)) as pilot:
        await listed(pilot, 40)
        await pilot.press("end")
        await wait_until(pilot, lambda: pilot.app.screen.query_one("#runs").scroll_y > 10)
        assert table(pilot).cursor == 39


async def test_new_and_repeat_begin_the_conversation(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(Tunewright, "new_run", lambda _: asked.append("new"))
    monkeypatch.setattr(Tunewright, "repeat", lambda _, folder: asked.append(folder.name))
    async with Tunewright(runs).run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("n", "down", "r")
        assert asked == ["new", "bge-[red]stopped"]


async def test_the_footer_names_help_and_quit(runs: Path) -> None:
    async with Tunewright(runs).run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        footer = str(pilot.app.screen.query_one("KeyBar").render())
        assert all(words in footer for words in ("⏎ Open", "n New", "d Delete", "q Quit", "? Help"))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_picture(snap_compare: Callable[..., bool], runs: Path, size: tuple[int, int]) -> None:
    assert snap_compare(Tunewright(runs), terminal_size=size, run_before=seen)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_picture_without_runs(snap_compare: Callable[..., bool], tmp_path: Path, size: tuple[int, int]) -> None:
    assert snap_compare(Tunewright(tmp_path / "none"), terminal_size=size, run_before=machine_seen)


async def machine_seen(pilot: Pilot[Any]) -> None:
    await wait_until(pilot, lambda: bool(getattr(pilot.app, "machine_line", "")))


async def seen(pilot: Pilot[Any]) -> None:
    await listed(pilot)
    await machine_seen(pilot)


async def test_a_note_is_written_shown_and_found_by_its_tag(runs: Path) -> None:
    async with Tunewright(runs).run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("end", "t")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, Ask))
        await pilot.press(*"[b]keep #gold", "enter")
        await listed(pilot)
        await wait_until(pilot, lambda: table(pilot).chosen is not None and table(pilot).chosen.tags == ("gold",))
        assert str(pilot.app.screen.query_one("#note").render()) == "[b]keep #gold"

        await pilot.press("slash")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, Ask))
        await pilot.press(*"#gold", "enter")
        await listed(pilot, 1)
        assert names(pilot) == ["support-done"]
        assert "1 of 3 runs with '#gold'" in str(pilot.app.screen.query_one("#said").render())

        await pilot.press("slash")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, Ask))
        await pilot.press("ctrl+u", "enter")
        await listed(pilot, 3)
