"""Before and after: an honest verdict, samples as text, and the ways on from there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.journals import RunFolder, wait_until
from tui.app import Tunewright
from tui.screens.results import ResultsScreen
from tui.screens.text import TextScreen
from tui.screens.train import TrainScreen
from tui.widgets.outcome import Metric, metrics, verdict
from tui.widgets.spans import Spans


@pytest.fixture
def done(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path, "support-qlora").start().prepare().begin().train(1, 300).complete(9060)


def open_run(run: RunFolder) -> Tunewright:
    return Tunewright(run.path.parent, watch=run.path)


def page(pilot: Pilot[Any]) -> str:
    return pilot.app.screen.query_one("#page", Spans).text


async def ready(pilot: Pilot[Any]) -> None:
    await wait_until(pilot, lambda: isinstance(pilot.app.screen, ResultsScreen) and bool(page(pilot)))


async def test_before_and_after_with_change_and_judgement(done: RunFolder) -> None:
    async with open_run(done).run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        rows = [" ".join(row.split()) for row in page(pilot).split("\n")]
        assert rows[0] == "on 480 rows never trained on before after change"
        assert rows[1] == "loss 2.412 1.187 −50.8 % better"
        assert rows[2] == "perplexity 11.15 3.280 −70.6 % better"
        assert "peak memory 10.1 GiB" in rows
        assert "trained 4,194,304 of 6,738,415,616 weights (0.06 %)" in rows
        title = pilot.app.screen.query_one("#heading", Spans).text
        assert "support-qlora · done in 2 h 31 min" in title
        assert "✓ better than the base model" in title
        assert "“My invoice shows VAT twice”" in page(pilot)
        assert "AutoPeftModelForCausalLM.from_pretrained" in page(pilot)


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([(0.5, 0.6), (0.4, 0.41)], "✓ better"),
        ([(0.5, 0.4), (0.4, 0.39)], "✗ worse"),
        ([(0.5, 0.5), (0.4, 0.4001)], "– no better"),
        ([(0.5, 0.6), (0.4, 0.3)], "– mixed: 1 of 2 better, 1 worse"),
        ([(0.0, 0.1)], "✓ better"),
        ([], "nothing was measured"),
    ],
)
def test_the_verdict_is_honest(pairs: list[tuple[float, float]], words: str) -> None:
    measured = [Metric("nDCG", before, after, higher_is_better=True) for before, after in pairs]
    assert verdict(measured).text.startswith(words)


def test_a_lower_loss_is_better_and_a_higher_one_worse() -> None:
    assert verdict([Metric("loss", 2.0, 1.0, higher_is_better=False)]).style == "good"
    assert verdict([Metric("loss", 1.0, 2.0, higher_is_better=False)]).style == "wrong"


def test_rows_of_results_that_make_no_sense_are_left_out() -> None:
    assert metrics({"metrics": [{"name": "x", "baseline": None, "tuned": 1.0}, "y", {}]}) == []
    assert metrics({"metrics": None}) == []


async def test_few_test_rows_are_said(tmp_path: Path) -> None:
    run = RunFolder(tmp_path, "small", "embed").start().prepare().begin().complete(60, test_rows=24)
    async with open_run(run).run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert "Only 24 test rows" in page(pilot)
        assert "nDCG@10 at 768" in page(pilot)
        assert "SentenceTransformer(" in page(pilot)


async def test_samples_from_outside_are_only_shown(tmp_path: Path) -> None:
    sample = {"prompt": "[red]\x1b[31m{}", "base": "", "tuned": "[@click=app.quit]x[/]\n" * 40}
    run = RunFolder(tmp_path, "hostile").start().begin().complete(60, samples=[sample, "no sample"])
    async with open_run(run).run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert "“[red]␛[31m{}”" in page(pilot)
        assert "before  (nothing)" in page(pilot)
        assert "after   [@click=app.quit]x[/] [@click" in page(pilot)
        assert all(len(row) <= 78 for row in page(pilot).split("\n") if "click" in row)


async def test_script_files_and_curves_are_one_key_away(done: RunFolder) -> None:
    async with open_run(done).run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("x")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        assert 'BASE_MODEL: str = "[red]not red[/red]"' in pilot.app.screen.query_one("Log").lines  # type: ignore[attr-defined]
        await pilot.press("escape")
        await ready(pilot)
        await pilot.press("f")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        listed = "\n".join(pilot.app.screen.query_one("Log").lines)  # type: ignore[attr-defined]
        assert "train.py the script that trained" in " ".join(listed.split())
        await pilot.press("escape")
        await ready(pilot)
        await pilot.press("v")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, TrainScreen))
        await wait_until(pilot, lambda: "step 300" in pilot.app.screen.query_one("#heading", Spans).text)
        await pilot.press("enter")
        await ready(pilot)


async def test_a_script_edited_by_hand_is_marked(done: RunFolder) -> None:
    (done.path / ".script.sha256").write_text("0" * 64)
    async with open_run(done).run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        assert "script edited by hand" in pilot.app.screen.query_one("#heading", Spans).text


async def test_repeating_opens_the_plan_of_this_run(done: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(Tunewright, "repeat", lambda _, folder: asked.append(folder))
    async with open_run(done).run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        assert asked == [done.path]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("goal", ["sft", "embed"])
def test_picture(
    snap_compare: Callable[..., bool], tmp_path: Path, size: tuple[int, int], goal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = RunFolder(tmp_path, "support", goal).start().prepare().begin().complete(9060, model_folder="/models/support")
    assert snap_compare(open_run(run), terminal_size=size, run_before=ready)
