"""The live screen of a run, as a person uses it; the runs are folders that grow, the processes are real."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.journals import START, RunFolder, answer, standing_in, wait_until
from tui.app import Tunewright
from tui.screens import train
from tui.screens.home import HomeScreen
from tui.screens.log import LogScreen
from tui.screens.results import ResultsScreen
from tui.screens.train import TrainScreen
from tui.widgets.curve import Curve
from tui.widgets.spans import Spans

pytestmark = pytest.mark.slow

OVERFITTING = "evaluation loss has risen twice while training loss falls: overfitting may begin. Best so far: step 300."
Snap = Callable[..., bool]


@pytest.fixture(autouse=True)
def frozen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stop the clock of the screen at 246 s after the start, in UTC."""
    monkeypatch.setattr(train, "now", lambda: START + 246)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that does nothing but end at SIGTERM."""
    with standing_in(tmp_path / "support-qlora") as sleeper:
        yield sleeper
        sleeper.kill()


@pytest.fixture
def half_way(tmp_path: Path) -> RunFolder:
    run = RunFolder(tmp_path, "support-qlora").start().prepare().evaluate(0).begin().train(1, 412)
    return run.warn(380, OVERFITTING, "stop here, or keep the best checkpoint").heartbeat(246)


def open_run(run: RunFolder) -> Tunewright:
    return Tunewright(run.path.parent, watch=run.path)


def text(pilot: Pilot[Any], name: str) -> str:
    found = pilot.app.screen.query(f"#{name}")
    return found.first(Spans).text if found else ""


async def shown(pilot: Pilot[Any], words: str, name: str = "heading") -> None:
    await wait_until(pilot, lambda: words in text(pilot, name))


async def test_a_run_is_shown_and_grows(half_way: RunFolder) -> None:
    async with open_run(half_way).run_test(size=(120, 40)) as pilot:
        await shown(pilot, "step 412 of 1,083")
        assert "epoch 1.14" in text(pilot, "heading")
        assert " 38 % ▐" in text(pilot, "heading")
        assert "left" in text(pilot, "heading")
        before = text(pilot, "first")
        half_way.train(413, 460)
        await shown(pilot, "step 460 of 1,083")
        assert text(pilot, "first") != before
        assert "step 380  evaluation loss has risen twice" in text(pilot, "notice")
        assert "T4  97 %  71 °C  68 W" in text(pilot, "hardware")
        assert "10.1 of 15.8 GiB" in text(pilot, "hardware")
        assert "2 steps/s" in text(pilot, "hardware")


async def test_both_curves_of_an_embedding_run(tmp_path: Path) -> None:
    run = RunFolder(tmp_path, "bge", "embed").start().prepare().evaluate(0).begin().train(1, 230)
    async with open_run(run).run_test(size=(120, 40)) as pilot:
        await shown(pilot, "step 230")
        assert "loss" in text(pilot, "first").split("\n")[0]
        title = text(pilot, "second").split("\n")[0]
        assert "nDCG@10" in title
        assert "● 768 .7613" in title
        assert "before .7549 .7549 .7455 .7117 .6477" in title


async def test_before_the_training_every_phase_is_seen_with_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder(tmp_path, "slow").start().prepare(3)
    async with open_run(run).run_test(size=(80, 24)) as pilot:
        await shown(pilot, "Model", "stages")
        rows = text(pilot, "stages").split("\n")
        assert rows[0].startswith(" ✓ Libraries   0:09")
        assert rows[2].startswith(" ▸ Model")
        assert rows[2].rstrip().endswith("3:47")
        assert rows[3:] == ["   Baseline", "   Training"]
        run.say("progress", 30, name="model.safetensors", done=3 * 2**30, total=13 * 2**30, unit="B")
        await shown(pilot, "3.0 GiB of 13.0 GiB", "stages")
        monkeypatch.setattr(train, "now", lambda: START + 300)
        await shown(pilot, "4:41", "stages")


async def test_the_clock_goes_on_while_nothing_new_comes(half_way: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_run(half_way).run_test(size=(120, 40)) as pilot:
        await shown(pilot, "4:06")
        monkeypatch.setattr(train, "now", lambda: START + 247)
        await shown(pilot, "4:07")


async def test_stopping_asks_and_enter_means_no(half_way: RunFolder, process: subprocess.Popen[bytes]) -> None:
    half_way.start(process.pid).begin(at=246, start=412)
    async with open_run(half_way).run_test(size=(80, 24)) as pilot:
        await shown(pilot, "training")
        await pilot.press("s")
        await wait_until(pilot, lambda: not isinstance(pilot.app.screen, TrainScreen))
        await answer(pilot, "enter")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, TrainScreen))
        await pilot.pause(0.2)
        assert process.poll() is None
        await pilot.press("s")
        await answer(pilot, "y")
        await wait_until(pilot, lambda: process.poll() is not None)
        assert process.returncode == -signal.SIGTERM
        half_way.say("finished", 250, status="stopped", results=None)
        await shown(pilot, "Stopped at step 412", "notice")
        assert "goes on from the checkpoint of step 400" in text(pilot, "notice")


async def test_a_killed_worker_is_reported_within_three_seconds_and_resumes(
    half_way: RunFolder, process: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half_way.start(process.pid).begin(at=246, start=412)
    worker = tmp_path / "worker"
    worker.write_text('#!/bin/sh\necho "resumed with $3" >> log.txt\n')
    worker.chmod(0o700)
    monkeypatch.setenv("TUNEWRIGHT_PYTHON", str(worker))
    async with open_run(half_way).run_test(size=(120, 40)) as pilot:
        await shown(pilot, "training")
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed = time.monotonic()
        await shown(pilot, "The training process is gone, at step 412", "notice")
        assert time.monotonic() - killed < 3
        assert "│ loading [bold]weights[/bold]" in text(pilot, "notice")
        assert "│ 100%|====" in text(pilot, "notice")
        assert "r goes on from the checkpoint of step 400" in text(pilot, "notice")
        await pilot.press("r")
        await wait_until(pilot, lambda: "resumed with" in (half_way.path / "log.txt").read_text())
        half_way.start().begin(at=250, start=400).train(401, 405)
        await shown(pilot, "step 405 of 1,083")
        assert "gone" not in text(pilot, "notice")


async def test_a_failed_run_says_what_and_what_to_do(half_way: RunFolder) -> None:
    half_way.say(
        "failed", 250, code="out_of_memory", message="CUDA [red]out[/red] of memory", advice="halve training.batch"
    )
    async with open_run(half_way).run_test(size=(80, 24)) as pilot:
        await shown(pilot, "CUDA [red]out[/red] of memory (out_of_memory)", "notice")
        assert "halve training.batch" in text(pilot, "notice")
        assert "· failed" in text(pilot, "heading")


async def test_memory_that_ran_out_says_sizes_and_offers_a_new_run_with_one_key(
    half_way: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = {"requested": 2 * 2**30, "allocated": 13 * 2**30, "free": 2**29, "total": 15 * 2**30}
    change = {"training.batch": 2, "training.accumulate": 8}
    advice = "start it anew with batch 2 × 8: that needs up to 9.1 GiB"
    words = {"code": "out_of_memory", "message": "CUDA out of memory", "advice": advice}
    half_way.say("failed", 250, **words, phase="training", memory=memory, change=change)
    opened: list[Any] = []
    monkeypatch.setattr(Tunewright, "new_run", lambda app, answers, at: opened.append((answers, at)))
    async with open_run(half_way).run_test(size=(80, 24)) as pilot:
        await shown(pilot, "In training: 2.0 GiB asked for", "notice")
        said = " ".join(text(pilot, "notice").split())
        assert "13.0 GiB held by the training, 0.5 GiB free, 15.0 GiB on the card." in said
        assert advice in said and "c opens the plan of a new run with this change." in said
        await pilot.press("c")
        [(answers, at)] = opened
        assert at == "repeat" and answers["model"]["id"] == "meta-llama/Llama-2-7b-hf"
        assert (answers["training"]["batch"], answers["training"]["accumulate"]) == (2, 8)


async def test_a_completed_run_moves_on_to_its_results(half_way: RunFolder) -> None:
    async with open_run(half_way).run_test(size=(80, 24)) as pilot:
        await shown(pilot, "step 412")
        half_way.complete(250)
        await shown(pilot, "⏎ shows before and after", "notice")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, ResultsScreen))


async def test_the_move_to_the_results_waits_while_the_log_is_read(half_way: RunFolder) -> None:
    async with open_run(half_way).run_test(size=(80, 24)) as pilot:
        await shown(pilot, "step 412")
        await pilot.press("l")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, LogScreen))
        half_way.complete(250)
        await pilot.pause(train.LINGER + 1.5)
        assert isinstance(pilot.app.screen, LogScreen)
        await pilot.press("escape")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, ResultsScreen))


async def test_detaching_leaves_the_training_and_says_how_to_come_back(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = RunFolder(tmp_path, "support-[red]qlora").start().prepare().begin().train(1, 5)
    async with open_run(run).run_test(size=(80, 24)) as pilot:
        await shown(pilot, "step 5")
        await pilot.press("d")
    said = capfd.readouterr().err
    assert said == "support-[red]qlora goes on. Come back with:\n  tunewright watch 'support-[red]qlora'\n"


async def test_escape_goes_to_the_runs(half_way: RunFolder) -> None:
    async with open_run(half_way).run_test(size=(80, 24)) as pilot:
        await shown(pilot, "step 412")
        await pilot.press("escape")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, HomeScreen))


async def test_the_view_pauses_while_the_run_goes_on(half_way: RunFolder) -> None:
    async with open_run(half_way).run_test(size=(120, 40)) as pilot:
        await shown(pilot, "step 412")
        await pilot.press("space")
        assert "view paused" in text(pilot, "heading")
        half_way.train(413, 420)
        screen = pilot.app.screen
        assert isinstance(screen, TrainScreen)
        await wait_until(pilot, lambda: screen.watching.history.step == 420)
        await pilot.pause(train.BEAT + 0.3)
        assert "step 412" in text(pilot, "heading")
        await pilot.press("space")
        await shown(pilot, "step 420")


async def test_metrics_and_zoom(half_way: RunFolder) -> None:
    async with open_run(half_way).run_test(size=(120, 40)) as pilot:
        await shown(pilot, "step 412")
        titles = []
        for _ in range(3):
            titles.append(text(pilot, "second").split("\n")[0].split()[0])
            await pilot.press("g")
        assert titles == ["perplexity", "gradient", "learning"]
        height = pilot.app.screen.query_one("#first", Curve).size.height
        await pilot.press("z")
        await wait_until(pilot, lambda: pilot.app.screen.query_one("#first", Curve).size.height > height + 5)
        assert not pilot.app.screen.query_one("#second", Curve).display


async def test_the_log_is_shown_as_text_and_followed(half_way: RunFolder) -> None:
    async with open_run(half_way).run_test(size=(80, 24)) as pilot:
        await shown(pilot, "step 412")
        await pilot.press("l")
        await wait_until(pilot, lambda: bool(pilot.app.screen.query("Log")))
        log = pilot.app.screen.query_one("Log")
        await wait_until(pilot, lambda: list(log.lines)[:2] == ["loading [bold]weights[/bold]", "100%|===="])  # type: ignore[attr-defined]
        with (half_way.path / "log.txt").open("a") as file:
            file.write("\x1b]0;title\x07half a line")
            file.flush()
            await pilot.pause(0.7)
            file.write(" and the rest\n")
        await wait_until(pilot, lambda: "half a line and the rest" in log.lines)  # type: ignore[attr-defined]


async def test_a_click_on_the_footer_does_what_its_key_does(half_way: RunFolder) -> None:
    async with open_run(half_way).run_test(size=(80, 24)) as pilot:
        await shown(pilot, "step 412")
        bar = pilot.app.screen.query_one("KeyBar")
        column = str(bar.render()).index("Log")
        await pilot.click(bar, offset=(column + 1, 0))
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, LogScreen))


async def test_names_and_messages_from_outside_are_only_shown(tmp_path: Path) -> None:
    name = "a[red]b\x1b[31mc"
    run = RunFolder(tmp_path, name).start().prepare().begin().train(1, 50)
    run.warn(50, "{}\n[/nope] \x1b[2J'\"", "[@click=app.quit]x[/]")
    async with open_run(run).run_test(size=(120, 40)) as pilot:
        await shown(pilot, "a[red]b␛[31mc")
        assert "{} [/nope] ␛[2J'\"" in text(pilot, "notice")
        assert "[@click=app.quit]x[/]" in text(pilot, "notice")


async def test_a_run_folder_that_vanishes_breaks_nothing(half_way: RunFolder) -> None:
    async with open_run(half_way).run_test(size=(80, 24)) as pilot:
        await shown(pilot, "step 412")
        with (half_way.path / "events.jsonl").open("a") as journal:
            journal.write("\x00\x00 nonsense\n[1, 2]\n")
        await wait_until(pilot, lambda: "2 lines of its journal can't be read" in text(pilot, "notice"))
        half_way.path.rename(half_way.path.with_name("moved"))
        await wait_until(pilot, lambda: "Its journal is gone" in text(pilot, "notice"))
        assert "step 412" in text(pilot, "heading")
        await pilot.press("l", "escape")


def picture(snap_compare: Snap, run: RunFolder, size: tuple[int, int], *keys: str, light: bool = False) -> bool:
    async def ready(pilot: Pilot[Any]) -> None:
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, TrainScreen) and bool(text(pilot, "heading")))
        await wait_until(pilot, lambda: bool(text(pilot, "first") or text(pilot, "stages") or text(pilot, "notice")))
        if light:
            pilot.app.theme = "tunewright-light"
        await pilot.press(*keys)
        await pilot.pause(0.2)

    return snap_compare(open_run(run), terminal_size=size, run_before=ready)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_picture_of_a_training(snap_compare: Snap, half_way: RunFolder, size: tuple[int, int]) -> None:
    assert picture(snap_compare, half_way, size)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_picture_of_an_embedding_training(snap_compare: Snap, tmp_path: Path, size: tuple[int, int]) -> None:
    run = (
        RunFolder(tmp_path, "bge-matryoshka", "embed")
        .start()
        .prepare()
        .evaluate(0)
        .begin()
        .train(1, 412)
        .heartbeat(246)
    )
    assert picture(snap_compare, run, size, *(["g"] if size[0] == 80 else []))


def test_picture_in_light_colours(snap_compare: Snap, half_way: RunFolder) -> None:
    assert picture(snap_compare, half_way, (120, 40), light=True)


def test_picture_without_utf8(snap_compare: Snap, half_way: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.widgets.curve.terminal_is_utf8", lambda: False)
    monkeypatch.setattr("tui.app.terminal_is_utf8", lambda: False)
    assert picture(snap_compare, half_way, (80, 24))


def test_picture_without_colour(snap_compare: Snap, half_way: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert picture(snap_compare, half_way, (80, 24))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_picture_of_the_preparation(snap_compare: Snap, tmp_path: Path, size: tuple[int, int]) -> None:
    run = RunFolder(tmp_path, "support-qlora").start().prepare(3)
    run.say("progress", 30, name="model.safetensors", done=3 * 2**30, total=13 * 2**30, unit="B")
    assert picture(snap_compare, run, size)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_picture_of_a_killed_run(snap_compare: Snap, tmp_path: Path, size: tuple[int, int]) -> None:
    run = RunFolder(tmp_path, "support-qlora").start(pid=os.getppid()).prepare().evaluate(0).begin().train(1, 150)
    text = (run.path / "events.jsonl").read_text().replace(f'"pid": {os.getppid()}', '"pid": 999999')
    (run.path / "events.jsonl").write_text(text)
    assert picture(snap_compare, run, size)
