"""Looking at curves as a person does: cursor, zoom, axes, marks, order, a picture and a table; by keys and mouse."""

import csv
import math
from pathlib import Path
from typing import Any

import pytest
from textual.events import MouseScrollUp
from textual.pilot import Pilot

from engine.history import History
from engine.series import Series
from engine.table import columns, write
from tests.tui.desk import sees
from tests.tui.journals import RunFolder, wait_until
from tui.app import Tunewright
from tui.screens.arrange import Arrange
from tui.screens.train import TrainScreen
from tui.widgets.axes import across, powers_axis
from tui.widgets.curve import Curve
from tui.widgets.lens import Lens, Window
from tui.widgets.picture import Line, Tracer
from tui.widgets.spans import Spans

SMALL = (80, 24)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run that warned once and whose last loss is no number."""
    folder = RunFolder(tmp_path, "support").start().prepare().evaluate(0).begin().train(1, 412)
    folder.warn(250, "a warning").heartbeat(246)
    return folder.say("metrics", 247, step=413, epoch=413 / 361, values={"loss": None, "grad_norm": 1.0})


async def opened(pilot: Pilot[Any]) -> TrainScreen:
    await wait_until(pilot, lambda: "step 41" in first(pilot, "#heading"))
    await wait_until(pilot, lambda: "└" in first(pilot))
    screen = pilot.app.screen
    assert isinstance(screen, TrainScreen)
    return screen


def first(pilot: Pilot[Any], name: str = "#first") -> str:
    found = pilot.app.screen.query(name)
    return found.first(Spans).text if found else ""


def frame(pilot: Pilot[Any]) -> str:
    """The line of the axis, on which things that happened are marked."""
    return first(pilot).split("\n")[-2]


async def test_checkpoints_warnings_the_best_point_and_what_is_no_number_are_marked(run: RunFolder) -> None:
    async with Tunewright(run.path.parent, watch=run.path).run_test(size=SMALL) as pilot:
        await opened(pilot)
        assert [sign for sign in frame(pilot) if sign in "◆!×"] == ["◆", "◆", "!", "◆", "◆", "×"]
        assert "best 1.312 @ 400" in first(pilot)
        assert sum(row.count("★") for row in first(pilot).split("\n")[1:]) == 1


async def test_a_cursor_reads_the_values_where_it_stands(run: RunFolder) -> None:
    async with Tunewright(run.path.parent, watch=run.path).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        await pilot.press("right")
        assert "step 413" in first(pilot).split("\n")[0]
        assert "train –" in first(pilot)
        assert sum("┊" in row for row in first(pilot).split("\n")[1:]) > 5
        await pilot.press("shift+left", "left")
        title = first(pilot).split("\n")[0]
        at = int(title.split("step ")[1].split()[0])
        assert 200 < at < 300
        loss = screen.watching.history.metrics["loss"]
        assert f"train {loss.values[at - 1]:.3f}" in title
        assert "–" in title.split("(")[1]  # a column holds several steps: from where to where they go
        tested = round(at / 100)
        assert f"eval {screen.watching.history.evaluated['eval_loss'].values[tested]:.3f} @ {tested}00" in title
        await pilot.press("0")
        assert "step" not in first(pilot).split("\n")[0]


async def test_the_curve_is_zoomed_panned_and_shown_whole_again(run: RunFolder) -> None:
    async with Tunewright(run.path.parent, watch=run.path).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        whole = first(pilot)
        await pilot.press("+", "+")
        seen = screen.view.lens.window(screen.view.whole)
        assert seen.length == pytest.approx(1083 / 4) and seen.first < 413 < seen.last
        assert first(pilot) != whole
        await pilot.press(",")
        assert screen.view.lens.window(screen.view.whole).first == pytest.approx(seen.first - seen.length / 4)
        await pilot.press("-", "-")
        assert screen.view.lens.part is None and first(pilot) == whole
        await pilot.press(*["+"] * 30)
        assert screen.view.lens.window(screen.view.whole).length == 4
        await pilot.press("0")
        assert first(pilot) == whole


async def test_the_mouse_reads_and_zooms(run: RunFolder) -> None:
    async with Tunewright(run.path.parent, watch=run.path).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        curve = pilot.app.screen.query_one("#first", Curve)
        await pilot.click(curve, offset=(curve.left + 10, 5))
        assert screen.view.lens.cursor == pytest.approx(1083 * 10 / (curve.columns - 1))
        assert "step 144" in first(pilot) or "step 14" in first(pilot)
        place = (curve.region.x + 20, curve.region.y + 5)
        pilot.app.post_message(MouseScrollUp(None, *place, 0, -1, 0, False, False, False, *place))
        await wait_until(pilot, lambda: screen.view.lens.part is not None)


async def test_along_epochs_and_time_and_upwards_by_powers(run: RunFolder) -> None:
    async with Tunewright(run.path.parent, watch=run.path).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        labels = first(pilot).split("\n")[-1].split()
        assert labels[:2] == ["0", "250"]
        await pilot.press("x")
        assert screen.view.lens.along == "epochs" and first(pilot).split("\n")[-1].split()[-1] == "3"
        assert [sign for sign in frame(pilot) if sign in "◆!×"] == ["◆", "◆", "!", "◆", "◆", "×"]
        await pilot.press("x")
        assert first(pilot).split("\n")[-1].split()[:3] == ["0:00", "1:00", "2:00"]
        await pilot.press("x", "y")
        assert screen.view.lens == Lens(logarithmic=True)
        assert "log" in first(pilot).split("\n")[0]


async def test_curves_are_chosen_and_ordered(run: RunFolder) -> None:
    async with Tunewright(run.path.parent, watch=run.path).run_test(size=SMALL) as pilot:
        await opened(pilot)
        assert first(pilot).split()[0] == "loss"
        await pilot.press("m")
        await sees(pilot, "✓ loss", "✓ memory, GiB", "Show or hide")
        await pilot.press("down", "down", "K", "K", "down", "space", "enter")
        await wait_until(pilot, lambda: not isinstance(pilot.app.screen, Arrange))
        titles = []
        for _ in range(6):
            titles.append(" ".join(first(pilot).split()[:2]))
            await pilot.press("g")
        assert titles[0] == titles[5] == "gradient norm"
        assert not any(title.startswith("loss") for title in titles)
        assert any(title.startswith("speed") for title in titles)
        await pilot.press("G")
        assert " ".join(first(pilot).split()[:2]) == titles[5]


async def test_a_picture_and_a_table_are_saved_with_one_key_each(run: RunFolder) -> None:
    async with Tunewright(run.path.parent, watch=run.path).run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press("p")
        await wait_until(pilot, lambda: "screen-1.svg" in first(pilot, "#notice"))
        assert (run.path / "screen-1.svg").read_text().startswith("<svg")
        await pilot.press("v")
        await wait_until(pilot, lambda: "curves-1.csv" in first(pilot, "#notice"))
    rows = list(csv.DictReader((run.path / "curves-1.csv").open()))
    assert [rows[0]["step"], rows[0]["loss"]] == ["0", ""]
    assert rows[-1]["step"] == "413" and rows[-1]["loss"] == "" and float(rows[-1]["grad_norm"]) == 1.0
    events = [line for line in (run.path / "events.jsonl").read_text().splitlines() if '"step": 300,' in line]
    assert len(rows) == 414 and rows[300]["loss"] in events[0] and rows[300]["eval_loss"] in events[1]


async def test_what_can_not_be_saved_is_said(run: RunFolder) -> None:
    async with Tunewright(run.path.parent, watch=run.path).run_test(size=SMALL) as pilot:
        await opened(pilot)
        run.path.rename(run.path.with_name("moved"))
        await pilot.press("v")
        await wait_until(pilot, lambda: "can't be written" in first(pilot, "#notice"))


def test_a_table_keeps_what_is_measured_on_both_kinds_of_rows_apart(tmp_path: Path) -> None:
    history = History()
    history.apply({"type": "metrics", "time": 1.0, "step": 1, "epoch": 0.1, "values": {"accuracy": 0.5}})
    history.apply({"type": "evaluated", "time": 2.0, "step": 1, "epoch": 0.1, "values": {"accuracy": 0.25}})
    assert write(columns(history), tmp_path / "a.csv") == 1
    assert (tmp_path / "a.csv").read_text().split() == ["step,epoch,time,accuracy,eval_accuracy", "1,0.1,1.0,0.5,0.25"]


def test_the_part_of_a_long_curve_that_is_seen_keeps_its_spikes() -> None:
    series = Series()
    for step in range(20_000):
        series.put(step, step / 1000, float(step), 9.0 if step in (7_001, 15_000) else math.nan if step == 7_500 else 1)
    tracer = Tracer(100, Lens(part=(6_000, 8_000)), 20_000)
    raw = tracer.traces([Line(series, "curve")])[0].points
    assert [place for place, each in raw if each == 9.0] == [pytest.approx(7001, abs=11)]
    assert [*tracer.gaps()] == [pytest.approx(7500, abs=11)]
    assert len(raw) < 450 and raw[0][0] >= 5_990 and raw[-1][0] <= 8_010


@pytest.mark.parametrize(
    ("window", "labels"),
    [
        (Window(0, 1083), ["0", "250", "500", "750", "1,000"]),
        (Window(400, 440), ["400", "410", "420", "430", "440"]),
        (Window(0, 3, "epochs"), ["0", "1", "2", "3"]),
        (Window(0, 7200, "times"), ["0:00", "30:00", "1:00:00", "1:30:00", "2:00:00"]),
    ],
)
def test_an_axis_has_round_labels(window: Window, labels: list[str]) -> None:
    assert list(across(window, 80).labels) == labels


@pytest.mark.parametrize(("low", "high"), [(1e-6, 3.0), (1.1, 2.4), (2.0, 2.0), (3e-5, 2e-4)])
def test_an_axis_of_powers_holds_every_value_and_is_labelled_with_them(low: float, high: float) -> None:
    axis = powers_axis(math.log10(low), math.log10(high), 13)
    assert axis.low <= math.log10(low) and axis.high >= math.log10(high)
    assert 1 <= len(axis.ticks) <= 7
    for tick, label in zip(axis.ticks, axis.labels, strict=True):
        assert float(label) == pytest.approx(10**tick, rel=0.01) and axis.low - 1e-6 <= tick <= axis.high + 1e-6
