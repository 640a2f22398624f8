"""One number for a run wherever it is shown: the saved model's, by the metric that picked it."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.best import best
from engine.follow import Follower
from engine.listing import glance, listing
from tests.commands import tunewright, values
from tests.tui.desk import sees
from tests.tui.journals import RunFolder
from tui.app import Tunewright

NDCG = "dim_64_cosine_ndcg@10"


def embedded(root: Path, name: str = "embed", *, base: float = 0.70, finish: bool = True) -> RunFolder:
    """A run whose best checkpoint is not its last evaluation, and whose loss was best elsewhere."""
    run = RunFolder(root, name, "embed", planned=40).start().prepare()
    evaluated(run, 0, base, 2.0)
    run.say("begun", 40, from_step=0, max_steps=40, epochs=1, best_metric=NDCG, greater_is_better=True)
    for step, ndcg, loss in ((10, 0.7405, 1.5), (20, 0.7300, 1.2), (30, 0.7519, 1.9)):
        run.say("metrics", 40 + step, step=step, epoch=step / 40, values={"loss": loss})
        evaluated(run, step, ndcg, loss)
        if step != 30:  # measured by a wish, between two checkpoints: nothing of it is kept
            run.say("checkpoint", 40 + step, step=step, path=str(run.path / "output" / f"checkpoint-{step}"))
    rows = [row(NDCG, base, 0.7405, up=True), row("eval_loss", 2.0, 1.5, up=False)]
    return run.complete(90, metrics=rows, best_step=10, best_metric=NDCG) if finish else run


def evaluated(run: RunFolder, step: int, ndcg: float, loss: float) -> None:
    """One evaluation of everything."""
    run.say("evaluated", 40 + step, step=step, epoch=step / 40, values={"eval_loss": loss, NDCG: ndcg})


def row(name: str, before: float, after: float | None, *, up: bool) -> dict[str, Any]:
    """One row of the table before and after."""
    return {"name": name, "baseline": before, "tuned": after, "improvement": 0.0, "higher_is_better": up}


def test_the_saved_models_number_stands_everywhere(tmp_path: Path) -> None:
    run = embedded(tmp_path / "runs")
    embedded(tmp_path / "runs", "other")
    (line,) = (each for each in values("runs", cwd=tmp_path) if each["name"] == "embed")
    report = values("show", "embed", cwd=tmp_path)
    assert line["best"] == report["best"]
    assert (line["best"]["name"], line["best"]["value"], line["best"]["step"]) == (NDCG, 0.7405, 10)
    assert line["best"]["beats_base"] is True and line["metric"] == "nDCG@10 0.7405"
    for words in (("runs",), ("show", "embed"), ("compare", "embed", "other"), ("watch", "embed", "--headless")):
        printed = tunewright(*words, cwd=tmp_path).stdout
        assert "0.7405" in printed and "0.7519" not in printed, printed
    assert best(glance(run.path)) == listing(tmp_path / "runs")[0].best


async def test_home_results_and_the_picture_show_the_same(tmp_path: Path) -> None:
    run = embedded(tmp_path)
    async with Tunewright(tmp_path).run_test(size=(120, 40)) as pilot:
        shown = await sees(pilot, "nDCG@10 0.7405")
        assert "✓ done" in shown and "0.7519" not in shown
        await pilot.press("enter")
        shown = await sees(pilot, "the weights of step 10")
        assert "0.7405" in shown and "0.7519" not in shown
        await pilot.press("v")
        shown = await sees(pilot, "best 1.500 @ 10")
    assert run.path.exists()


@pytest.mark.parametrize(("base", "better"), [(0.74, False), (0.7405, False), (0.80, False), (0.73, True)])
def test_the_base_is_beaten_only_by_a_better_number(base: float, better: bool, tmp_path: Path) -> None:
    found = best(glance(embedded(tmp_path, base=base).path))
    assert found is not None and found.beats_base is better


def test_a_run_that_does_not_beat_the_base_says_so_and_has_no_check_mark(tmp_path: Path) -> None:
    embedded(tmp_path / "runs", base=0.7405)
    for words in (("runs",), ("show",), ("watch", "embed", "--headless")):
        printed = tunewright(*words, cwd=tmp_path).stdout
        assert "✓" not in printed
        assert "no better than the base model" in printed or "no checkpoint beats the base model" in printed


async def test_home_and_results_of_a_run_that_does_not_beat_the_base(tmp_path: Path) -> None:
    embedded(tmp_path, base=0.80)
    async with Tunewright(tmp_path).run_test(size=(80, 24)) as pilot:
        shown = await sees(pilot, "– no better", "nDCG@10 0.7405")
        assert "✓" not in shown
        await pilot.press("enter")
        shown = await sees(pilot, "no checkpoint beats the base model", "the base model is no worse")
        assert "✓" not in shown


def test_until_the_end_the_best_checkpoint_so_far_is_meant(tmp_path: Path) -> None:
    run = embedded(tmp_path, finish=False)
    found = best(glance(run.path))
    assert found is not None
    assert (found.text, found.step, found.before) == ("nDCG@10 0.7405 so far", 10, 0.70)


def test_the_best_of_a_long_run_is_found_between_the_ends_of_its_journal(tmp_path: Path) -> None:
    run = embedded(tmp_path, finish=False)
    for step in range(31, 3000):
        run.say("metrics", 100 + step, step=step, epoch=1.0, values={"loss": 1.0, "grad_norm": 1.0})
    assert (run.path / "events.jsonl").stat().st_size > 300_000
    evaluated(run, 1500, 0.90, 1.0)
    run.say("checkpoint", 9000, step=1500, path="x")
    for step in range(3000, 6000):
        run.say("metrics", 100 + step, step=step, epoch=1.0, values={"loss": 1.0, "grad_norm": 1.0})
    follower = Follower(run.path)
    follower.read()
    found = best(glance(run.path))
    assert found == best(follower.history)
    assert found is not None and (found.value, found.step) == (0.90, 1500)


def test_a_classifier_is_listed_by_what_picked_it_and_never_by_its_loss(tmp_path: Path) -> None:
    run = RunFolder(tmp_path, "classes").start().prepare()
    run.say("begun", 40, from_step=0, max_steps=9, epochs=1, best_metric="macro_f1", greater_is_better=True)
    for step, f1, loss in ((1, 0.6, 0.5), (2, 0.8, 0.9), (3, 0.7, 0.4)):
        run.say("evaluated", 41, step=step, epoch=1, values={"eval_loss": loss, "accuracy": f1, "macro_f1": f1})
    found = best(glance(run.path))
    assert found is not None and found.text == "macro F1 0.8000 so far"
    rows = [row("accuracy", 0.5, 0.8, up=True), row("macro_f1", 0.5, 0.8, up=True), row("eval_loss", 1, 0.9, up=False)]
    run.complete(90, metrics=rows, best_step=2, best_metric="macro_f1")
    found = best(glance(run.path))
    assert found is not None and (found.text, found.beats_base) == ("macro F1 0.8000", True)


def test_a_command_that_keeps_its_last_weights_has_a_last_number(tmp_path: Path) -> None:
    run = RunFolder(tmp_path, "mine")
    run.say("started", 0, command=["python", "mine.py"]).say("begun", 1, from_step=0, max_steps=9, epochs=1)
    for step, loss in ((1, 1.0), (2, 3.0)):
        run.say("evaluated", 2, step=step, epoch=1, values={"eval_loss": loss})
    run.say("finished", 3, status="completed", results=None)
    found = best(glance(run.path))
    assert found is not None and found.text == "eval loss 3.000 last"


@pytest.mark.parametrize(
    "results", [{}, {"metrics": 3}, {"metrics": [1, None, {}]}, {"metrics": [{"name": 1, "baseline": "x"}]}, []]
)
def test_results_of_a_wrong_shape_are_none(results: Any, tmp_path: Path) -> None:
    run = RunFolder(tmp_path, "odd").start()
    with (run.path / "events.jsonl").open("a") as file:
        file.write(json.dumps({"type": "finished", "time": 1.0, "status": "completed", "results": results}) + "\n")
    assert best(glance(run.path)) is None
    assert listing(tmp_path)[0].metric == ""
