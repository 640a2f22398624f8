"""Pictures of the wizard's screens at 80x24 and 120x40; `pytest --snapshot-update` stores new ones."""

import json
from pathlib import Path

import pytest

from tests import facts
from tests.tui.conftest import weights
from tests.tui.desk import Desk, at, open_at, sees, until
from tui.widgets.script_view import ScriptView

pytestmark = pytest.mark.slow

SIZES = [(80, 24), (120, 40)]
LLAMA = "meta-llama/Llama-2-7b-hf"


def cached_llama(cache: Path) -> None:
    """Put a model into the hub's cache, so that no path of this machine is in the picture."""
    home = cache / f"models--{LLAMA.replace('/', '--')}"
    facts.model(home / "snapshots" / "abc", facts.LLAMA_7B)
    weights(home / "snapshots" / "abc")
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text("abc")


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("place", ["goal", "model", "data", "looked", "method"])
def test_the_questions(desk: Desk, snap_compare, place: str, size: tuple[int, int]) -> None:
    assert snap_compare(desk.app(), terminal_size=size, run_before=lambda pilot: open_at(pilot, place))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("press", ["plan", "e", "w", "p", "s", "question_mark", "ctrl+t"])
def test_the_plan_and_what_opens_over_it(desk: Desk, snap_compare, press: str, size: tuple[int, int]) -> None:
    cached_llama(desk.folder / "cache")
    answers = {"goal": "sft", "model": {"id": LLAMA}, "data": {"train": "support.jsonl"}}

    async def before(pilot) -> None:
        await at(pilot, "PlanScreen")
        await sees(pilot, "Teach", "Memory", *(["BASE_MODEL"] if size[0] > 100 else []))
        view = pilot.app.screen.query_one(ScriptView)
        await until(pilot, lambda: view.text)
        place = next(at for at, line in enumerate(view.lines) if line.plain.startswith("RANK"))
        view.scroll_to(y=place, animate=False)  # past the path of the rows, which is another one in every run
        await pilot.pause()
        if press != "plan":
            await pilot.press(press)
            await until(pilot, lambda: type(pilot.app.screen).__name__ != "PlanScreen" or press == "ctrl+t")
        await pilot.pause()

    assert snap_compare(desk.app(answers), terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_wrong_answer(desk: Desk, snap_compare, size: tuple[int, int]) -> None:
    rows = [{"prompt": "[red]x[/red] \x1b[31m", "completion": "y"}] * 2 + [{"prompt": "a", "completion": ""}] * 30
    (desk.folder / "bad.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    async def before(pilot) -> None:
        await open_at(pilot, "data")
        field = pilot.app.screen.query_one("#path")
        field.focus()
        field.value = "bad.jsonl"
        await pilot.press("enter")
        await sees(pilot, "32 rows", "[keep]")  # the second look has ended, too
        pilot.app.screen.query_one("#share").value = "2"
        await pilot.press("ctrl+n")
        await sees(pilot, "✗")

    assert snap_compare(desk.app(), terminal_size=size, run_before=before)
