"""Keys of one chunk are handled one after the other, each by the screen that the one before has opened."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from textual.command import CommandList
from textual.pilot import Pilot
from textual.widgets import Input

from tests.tui.desk import Desk, at, sees, text, until
from tests.tui.journals import RunFolder
from tests.tui.typing import app_of, send
from tui import input_queue
from tui.app import Tunewright
from tui.screens.ask import Ask, Sure
from tui.screens.home import HomeScreen
from tui.widgets.runs_table import RunsTable


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from tests.facts import T4, machine

    monkeypatch.setattr("engine.machine.look", lambda _: machine(T4))
    root = tmp_path / "runs"
    for name in ("dynamic", "other"):
        RunFolder(root, name).start().say("failed", 1, code="x", message="", advice="")
    return root


async def listed(pilot: Pilot[Any]) -> None:
    await until(pilot, lambda: pilot.app.screen.query(RunsTable) and pilot.app.screen.query_one(RunsTable).summaries)
    await until(pilot, lambda: pilot.app.screen.query_one(RunsTable).has_focus)


async def idle(pilot: Pilot[Any]) -> None:
    """Wait until every key has been handled."""
    queue = app_of(pilot).input
    await until(pilot, lambda: not queue._waiting and not list(queue._busy()), "the queue")


@pytest.mark.parametrize("chunks", [["/d", "y"], ["/dy"], ["/", "dy"], ["/dynamic", "y"], ["/dyn", "amicy"]])
async def test_what_is_meant_for_the_search_never_deletes_a_run(runs: Path, chunks: list[str]) -> None:
    async with Tunewright(runs).run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        for chunk in chunks:
            send(pilot, chunk)
        await idle(pilot)
        assert isinstance(pilot.app.screen, Ask)
        assert pilot.app.screen.entry.value == "".join(chunks)[1:]
        assert sorted(path.name for path in runs.iterdir()) == ["dynamic", "other"]


async def test_a_yes_that_was_typed_before_the_question_is_no_answer(runs: Path) -> None:
    async with Tunewright(runs).run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        send(pilot, "dy" + "y" * 20)
        await idle(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, Sure), "the question is still there"
        await sees(pilot, "Keys count in a moment")
        assert "Yes" not in text(app_of(pilot)).splitlines()[-1]
        await sees(pilot, "y does it", "y Yes")
        assert len(list(runs.iterdir())) == 2
        send(pilot, "\r")
        await until(pilot, lambda: isinstance(pilot.app.screen, HomeScreen))
        assert len(list(runs.iterdir())) == 2


async def test_keys_that_a_busy_program_gets_late_do_not_answer(runs: Path) -> None:
    async with Tunewright(runs).run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        send(pilot, "d")
        await until(pilot, lambda: isinstance(pilot.app.screen, Sure))
        send(pilot, "y")
        time.sleep(0.7)
        await sees(pilot, "y does it")
        await idle(pilot)
        assert isinstance(pilot.app.screen, Sure)


async def test_a_question_can_be_closed_by_keys_of_one_chunk(runs: Path) -> None:
    async with Tunewright(runs).run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        send(pilot, "/abc\x1b/\x1bt#tag\r/tag\r")
        await idle(pilot)
        await until(pilot, lambda: len(pilot.app.screen.query_one(RunsTable).summaries) == 1)
        assert isinstance(pilot.app.screen, HomeScreen)


async def test_the_questions_are_answered_by_one_chunk(desk: Desk) -> None:
    async with desk.app().run_test(size=(80, 24)) as pilot:
        await at(pilot, "HomeScreen")
        send(pilot, "n\rtiny-chat\rsupport.jsonl\r\r\r")
        await at(pilot, "PlanScreen")
        await idle(pilot)
        said = pilot.app.screen.wizard.said  # type: ignore[attr-defined]
        assert said("model.id") == str(desk.folder / "tiny-chat")
        assert said("data.train") == str(desk.folder / "support.jsonl")
        send(pilot, "e/warmup\r\r0.25\r\x1b")
        await at(pilot, "PlanScreen")
        await idle(pilot)
        await until(pilot, lambda: said("training.warmup") == 0.25)


async def test_an_action_that_hangs_holds_keys_only_for_a_while(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_queue, "PATIENCE", 0.3)
    app = Tunewright(runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        app.run_worker(asyncio.sleep(3600))
        send(pilot, "/abc")
        await until(pilot, lambda: isinstance(app.focused, Input) and app.focused.value == "abc")
        send(pilot, "\x1b")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))


async def test_the_program_can_be_left_while_an_action_hangs(runs: Path) -> None:
    app = Tunewright(runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        app.run_worker(asyncio.sleep(3600))
        send(pilot, "n" * 3 + "\x11")
        await until(pilot, lambda: app._exit)


async def test_a_page_key_before_the_palette_is_drawn_does_nothing(desk: Desk) -> None:
    app = Tunewright(desk.folder / "runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await at(pilot, "HomeScreen")
        app.action_command_palette()
        await at(pilot, "CommandPalette")
        commands = app.screen.query_one(CommandList)
        await until(pilot, lambda: commands.option_count > 0)
        commands.styles.max_height = 0
        await until(pilot, lambda: commands.scrollable_content_region.height == 0)
        commands._index_to_line.clear()  # as they are before the list is drawn for the first time
        await pilot.press("pagedown", "pageup")
        assert type(app.screen).__name__ == "CommandPalette"


async def test_a_key_after_a_note_is_not_held_back_by_a_look_that_was_cancelled(desk: Desk) -> None:
    RunFolder(desk.folder / "runs", "one").start().prepare()
    app = Tunewright(desk.folder / "runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "one")
        first = app.screen.look()
        app.input.wait_for(first)
        app.input.wait_for(app.screen.look())  # the first one is cancelled before it has begun
        await asyncio.sleep(0.05)
        assert first._cancelled and first not in list(app.input._busy())


async def test_esc_closes_a_dangerous_question_at_once(desk: Desk) -> None:
    app = Tunewright(desk.folder / "runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await at(pilot, "HomeScreen")
        answers: list[bool | None] = []
        app.push_screen(Sure("Delete it?", "All of it."), answers.append)
        await at(pilot, "Sure")
        await pilot.press("y", "escape")
        await at(pilot, "HomeScreen")
        assert answers == [False]
