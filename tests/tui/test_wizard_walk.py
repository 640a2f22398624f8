"""The conversation as a person has it: three questions, a plan, and back again with nothing lost."""

import pytest

from engine.data.roles import shapes
from engine.document import load
from tests.tui.desk import EMBED, SFT, Desk, at, sees, text, type_text, until, walk_to
from tests.tui.journals import RunFolder
from tui.screens.data import DataScreen
from tui.screens.model import ModelScreen
from tui.widgets.entry import PathEntry

pytestmark = pytest.mark.slow


async def test_three_questions_by_keyboard_lead_to_a_plan(desk: Desk) -> None:
    app = desk.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await walk_to(pilot, "plan")
        screen = await sees(pilot, "Teach tiny-chat to answer like support.jsonl (600 rows", "BASE_MODEL")
        assert "Goal › Model › Data › Method › ● Plan" in screen
        assert "LoRA · rank 16, all linear layers" in screen
        assert "GiB of 14.6 free" in screen
        assert "▸ why" in screen
        await pilot.press("escape")
        await at(pilot, "MethodScreen")


async def test_the_embedding_goal_leads_to_its_own_plan(desk: Desk) -> None:
    async with desk.app().run_test(size=(120, 40)) as pilot:
        await walk_to(pilot, "plan", goal="embed")
        await sees(pilot, "find the right passage in pairs.jsonl", "sizes 384", "nDCG@10 at 384")


async def test_the_plan_says_the_same_as_the_guide_and_every_field_is_complete(desk: Desk) -> None:
    app = desk.app(SFT)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, "Teach tiny-chat")
        await pilot.press("s")
        await sees(pilot, "Save the run as YAML")
        await pilot.press("enter")
        await sees(pilot, "Teach tiny-chat")
        [file] = desk.folder.glob("*.yaml")
        run = load(file)
        assert run.goal == "sft"
        assert run.training.precision == "fp16", "a T4 has no bf16"
        assert run.data.columns == {"prompt": "prompt", "completion": "completion"}
        assert run.data.train == str(desk.folder / "support.jsonl")


async def test_escape_goes_back_through_every_question_and_what_was_typed_is_still_there(desk: Desk) -> None:
    async with desk.app().run_test(size=(80, 24)) as pilot:
        await walk_to(pilot, "model")
        await pilot.press("shift+tab")
        await type_text(pilot, "some/half-typed")
        await pilot.press("escape")
        await at(pilot, "GoalScreen")
        await pilot.press("enter")
        await at(pilot, "ModelScreen")
        assert pilot.app.screen.query_one("#path").value == "some/half-typed"
        await sees(pilot, "LoRA")
        await pilot.press("tab", "enter")
        await at(pilot, "DataScreen")
        await sees(pilot, "newest first")
        await pilot.press("shift+tab")
        await type_text(pilot, "no/such.jsonl")
        await pilot.press("escape")
        await at(pilot, "ModelScreen")
        await sees(pilot, "LoRA")
        await pilot.press("tab", "enter")
        await at(pilot, "DataScreen")
        assert pilot.app.screen.query_one("#path").value == "no/such.jsonl"


async def test_the_roles_and_the_share_survive_a_way_back(desk: Desk) -> None:
    async with desk.app().run_test(size=(120, 40)) as pilot:
        await walk_to(pilot, "looked")
        share = pilot.app.screen.query_one("#share")
        share.focus()
        await pilot.press("end", "backspace")
        await type_text(pilot, "25")
        assert share.value == "0.25"
        await pilot.press("ctrl+n")
        await at(pilot, "MethodScreen")
        await pilot.press("escape")
        await at(pilot, "DataScreen")
        assert pilot.app.screen.query_one("#share").value == "0.25"
        await sees(pilot, "600 rows")


async def test_half_given_roles_and_a_typed_share_survive_a_way_back(desk: Desk) -> None:
    async with desk.app().run_test(size=(120, 40)) as pilot:
        await walk_to(pilot, "looked")
        screen = pilot.app.screen
        screen.query_one("#shape").value = shapes("sft")[2]
        await pilot.pause()
        screen.query_one("#role0").value = "prompt"
        screen.query_one("#share").value = "one hal"
        await pilot.pause()
        await pilot.press("escape")
        await at(pilot, "ModelScreen")
        await sees(pilot, "LoRA")
        await pilot.press("enter")
        await at(pilot, "DataScreen")
        screen = pilot.app.screen
        assert screen.query_one("#share").value == "one hal"
        assert screen.query_one("#shape").value.roles == ("instruction", "input", "output")
        assert screen.query_one("#role0").value == "prompt"


async def test_leaving_while_a_run_goes_on_says_so_and_how_to_come_back(desk: Desk) -> None:
    RunFolder(desk.folder / "runs", "support-lora-1").start().prepare()
    app = desk.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await walk_to(pilot, "goal")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app._exit)
        [words] = app._exit_renderables
        assert str(words) == "This training goes on: support-lora-1. Come back with: tunewright watch support-lora-1"


async def test_escape_on_the_first_question_goes_home(desk: Desk) -> None:
    async with desk.app().run_test(size=(80, 24)) as pilot:
        await walk_to(pilot, "goal")
        await pilot.press("escape")
        await at(pilot, "HomeScreen")


async def test_an_other_goal_takes_back_what_belonged_to_the_first(desk: Desk) -> None:
    async with desk.app().run_test(size=(120, 40)) as pilot:
        await walk_to(pilot, "plan")
        for screen in ("MethodScreen", "DataScreen", "ModelScreen", "GoalScreen"):
            await pilot.press("escape")
            await at(pilot, screen)
        await pilot.press("down", "enter")
        await at(pilot, "ModelScreen")
        answers = pilot.app.screen.wizard.answers
        assert answers["goal"] == "embed"
        assert "method" not in answers
        assert "columns" not in answers["data"], "prompt and completion are no roles of an embedding model"


@pytest.mark.parametrize("answers", [SFT, EMBED])
async def test_answers_given_at_the_start_open_the_plan(desk: Desk, answers: dict) -> None:
    async with desk.app(answers).run_test(size=(80, 24)) as pilot:
        await at(pilot, "PlanScreen")
        await sees(pilot, "Teach", "Memory", "Time")


@pytest.mark.parametrize(
    ("answers", "screen", "sentence"),
    [
        (SFT | {"model": {"id": "gone"}}, ModelScreen, "'gone'"),
        (SFT | {"data": {"train": "gone.jsonl"}}, DataScreen, "gone.jsonl"),
    ],
)
async def test_answers_that_do_not_hold_open_the_question_with_the_problem(
    desk: Desk, answers: dict, screen: type, sentence: str
) -> None:
    async with desk.app(answers).run_test(size=(120, 40)) as pilot:
        await at(pilot, screen.__name__)
        await sees(pilot, "✗", sentence)
        await until(pilot, lambda: pilot.app.focused is pilot.app.screen.query_one("#path"))
        assert sentence.strip("'") in pilot.app.screen.query_one("#path").value
        assert text(pilot.app)


@pytest.mark.parametrize("place", ["model", "data"])
async def test_what_is_typed_beside_the_field_lands_in_it(desk: Desk, place: str) -> None:
    async with desk.app().run_test(size=(80, 24)) as pilot:
        await walk_to(pilot, place)
        beside = pilot.app.screen.query("DataTable, Choices").first()
        beside.focus()
        await pilot.pause()
        await type_text(pilot, "nosuch")
        assert pilot.app.screen.query_one("#path", PathEntry).value.endswith("nosuch")
        await pilot.press("enter")
        await sees(pilot, "nosuch")
        assert type(pilot.app.screen).__name__ == f"{place.title()}Screen"
