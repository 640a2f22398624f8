"""Several runs in one picture: marked on Home or named in a command, with what differs between them."""

from pathlib import Path

import pytest

from tests.commands import complaint, tunewright
from tests.tui.journals import RunFolder, wait_until
from tui.app import Tunewright
from tui.screens.compare import CompareScreen
from tui.widgets.overlay import beside
from tui.widgets.runs_table import RunsTable
from tui.widgets.spans import Spans

RATES = {"slow": "1e-5", "quick": "1e-3"}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Two runs that differ in their learning rate and their length."""
    for index, (name, rate) in enumerate(RATES.items()):
        run = RunFolder(tmp_path, name).start().prepare().begin().train(1, 100 + 100 * index)
        described = (run.path / "run.yaml").read_text()
        (run.path / "run.yaml").write_text(f"{described}training: {{learning_rate: {rate}}}\n")
    return tmp_path


def text(app: Tunewright) -> str:
    """All that is shown as rows."""
    return "\n".join(each.text for each in app.screen.query(Spans))


async def test_marked_runs_are_drawn_in_one_picture_with_what_differs(runs: Path) -> None:
    app = Tunewright(runs)
    async with app.run_test(size=(120, 40)) as pilot:
        table = app.screen.query_one(RunsTable)
        await wait_until(pilot, lambda: len(table.summaries) == 2)
        await pilot.press("c")
        await wait_until(pilot, lambda: "Mark at least two" in str(app.screen.query_one("#said").render()))
        await pilot.press("up", "space", "space", "c")
        await wait_until(pilot, lambda: isinstance(app.screen, CompareScreen))
        await wait_until(pilot, lambda: "learning_rate" in text(app) and "● " in text(app))
        assert "1e-05" in text(app) and "0.001" in text(app)
        screen = app.screen
        assert isinstance(screen, CompareScreen)
        await wait_until(pilot, lambda: screen.curve.picture is not None and len(screen.curve.picture.lines) == 2)
        first = text(app)
        await pilot.press("g")
        assert text(app) != first
        await pilot.press("x", "plus", "left", "0", "v")
        await wait_until(pilot, lambda: "rows are in" in text(app))
        assert "quick/loss" in (runs / "curves-1.csv").read_text().splitlines()[0]
        await pilot.press("escape")
        await wait_until(pilot, lambda: not isinstance(app.screen, CompareScreen))


def test_a_command_prints_what_differs(runs: Path) -> None:
    printed = tunewright("compare", "slow", "quick", "--runs", runs, cwd=runs).stdout
    assert printed.splitlines()[0].split() == ["slow", "quick"]
    assert any(line.split() == ["training.learning_rate", "1e-05", "0.001"] for line in printed.splitlines())
    assert "two to five" in complaint("compare", "slow", "--runs", runs, cwd=runs, status=2)


def test_settings_that_have_no_room_are_counted() -> None:
    found = {f"setting.{index}": ["1", "2"] for index in range(20)}
    rows = ["".join(part.text for part in row) for row in beside(found, ["a", "b"], 80, 6)]
    assert len(rows) == 6 and "and 16 more" in rows[-1]
    assert all(len(row) <= 80 for row in rows)
    assert "the same" in beside({}, ["a", "b"], 80, 6)[0][0].text
