"""Text and pastes reach the text field of a screen, whatever has the focus; no letter of them acts as a key."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from tests.tui.desk import SFT, Desk, at, open_at, sees, text, until
from tests.tui.test_input_queue import idle
from tests.tui.typing import LONG, app_of, paste, send
from tui.text_target import text_field
from tui.widgets.entry import PathEntry, clean_path
from tui.widgets.runs_table import RunsTable

pytestmark = pytest.mark.slow
Way = Callable[[Desk, Pilot[None]], Awaitable[None]]


async def place(pilot: Pilot[None], name: str) -> None:
    """Stand on a screen, or on one that a key of it opens."""
    where, _, keys = name.partition(" ")
    if where == "home":
        await until(pilot, lambda: pilot.app.screen.query_one(RunsTable).summaries)
        await until(pilot, lambda: pilot.app.screen.query_one(RunsTable).has_focus)
    elif where in ("reward", "teacher"):
        goal = "reinforce" if where == "reward" else "distill"
        app_of(pilot).new_run({**SFT, "goal": goal, "data": {"train": "prompts.jsonl"}}, at="method")
        await at(pilot, "MethodScreen")
    else:
        await open_at(pilot, where)
    if keys:
        await pilot.press(*keys.split())
        await until(pilot, lambda: pilot.app.screen.query(Input))
    await idle(pilot)


def meant(field: Input, typed: str) -> str:
    return clean_path(typed) if isinstance(field, PathEntry) else typed


PLACES = ("home slash", "home t", "model", "data", "looked", "reward", "teacher", "plan e", "plan s", "plan w")


@pytest.fixture
def full_desk(desk: Desk) -> Desk:
    from tests.tui.conftest import write
    from tests.tui.journals import RunFolder

    write(desk.folder / "prompts.jsonl", [{"prompt": f"say {n}", "answer": str(n)} for n in range(300)])
    RunFolder(desk.folder / "runs", "some").start().say("failed", 1, code="x", message="", advice="")
    return desk


@pytest.mark.parametrize("how", ["paste", "burst"])
@pytest.mark.parametrize("name", PLACES)
async def test_200_signs_arrive_whole_whatever_has_the_focus(full_desk: Desk, name: str, how: str) -> None:
    app = full_desk.app(SFT) if name.startswith("plan") else full_desk.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await place(pilot, name)
        screen = app.screen
        answers = getattr(getattr(screen, "wizard", None), "answers", None)
        number = len(screen.focus_chain)
        for focus in range(-1, number):
            chain = screen.focus_chain
            target = chain[focus] if focus >= 0 else None
            screen.set_focus(target)
            await idle(pilot)
            field = target if isinstance(target, Input) else text_field(screen)
            assert field is not None
            field.value = ""
            await idle(pilot)
            (paste if how == "paste" else send)(pilot, LONG)
            await idle(pilot)
            wanted = LONG if how == "burst" else meant(field, LONG)
            assert field.value == wanted, f"{name}, with the focus on {target}"
            assert app.screen is screen
            field.value = ""
            await idle(pilot)
        assert getattr(getattr(screen, "wizard", None), "answers", None) == answers, "no letter acted as a key"


async def test_a_path_with_spaces_and_quotes_is_looked_at(desk: Desk) -> None:
    name = 'my data\'s/my "best" set.jsonl'
    (desk.folder / "my data's").mkdir()
    (desk.folder / name).write_text((desk.folder / "support.jsonl").read_text())
    for how in (send, paste):
        app = desk.app()
        async with app.run_test(size=(80, 24)) as pilot:
            await open_at(pilot, "data")
            how(pilot, name)
            send(pilot, "\r")
            await sees(pilot, "600 rows", "for the test")
            assert app.screen.wizard.said("data.train") == str(desk.folder / name)  # type: ignore[attr-defined]


async def test_a_paste_takes_the_place_of_a_path_that_was_taken(desk: Desk) -> None:
    app = desk.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_at(pilot, "data")
        send(pilot, "support.jsonl\r")
        await sees(pilot, "600 rows")
        app.screen.query_one("#shape").focus()
        await idle(pilot)
        paste(pilot, "pairs.jsonl")
        await idle(pilot)
        assert app.screen.query_one(PathEntry).value == "pairs.jsonl"


async def test_enter_takes_the_completion_that_is_shown(desk: Desk) -> None:
    app = desk.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_at(pilot, "data")
        send(pilot, "supp")
        await sees(pilot, "support.jsonl")
        send(pilot, "\r")
        await sees(pilot, "600 rows")
        assert app.screen.query_one(PathEntry).value == "support.jsonl"


@pytest.mark.parametrize("how", ["typed", "pasted"])
async def test_a_whole_name_is_never_completed(desk: Desk, how: str) -> None:
    (desk.folder / "support.jsonl.bak").write_text("x")
    app = desk.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_at(pilot, "data")
        if how == "typed":
            send(pilot, "support.jsonl\r")
            await sees(pilot, "600 rows")
        else:
            paste(pilot, "supp")
            send(pilot, "\r")
            await sees(pilot, "✗")
            assert app.screen.query_one(PathEntry).value == "supp"


async def test_what_is_wrong_goes_when_its_cause_is_edited(desk: Desk) -> None:
    app = desk.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_at(pilot, "data")
        send(pilot, "/no/such.jsonl\r")
        await sees(pilot, "✗")
        send(pilot, "x")
        await until(pilot, lambda: "✗" not in text(app))


async def test_a_question_mark_is_help_before_text_and_text_within_it(desk: Desk) -> None:
    app = desk.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_at(pilot, "data")
        app.screen.query_one(PathEntry).focus()
        await idle(pilot)
        send(pilot, "what?.jsonl")
        await idle(pilot)
        assert app.screen.query_one(PathEntry).value == "what?.jsonl"
        send(pilot, "\x15?")
        await at(pilot, "HelpScreen")


# ---- the editor


async def editor(pilot: Pilot[None], field: str = "") -> None:
    await sees(pilot, "Memory")
    await idle(pilot)
    pilot.app.screen.edit(field)  # type: ignore[attr-defined]
    await at(pilot, "EditScreen")
    await idle(pilot)


async def test_letters_typed_in_the_editor_find_a_field_and_change_nothing(desk: Desk) -> None:
    answers = SFT | {"training": {"learning_rate": 1e-5}}
    app = desk.app(answers)
    async with app.run_test(size=(120, 40)) as pilot:
        for typed in ("/warmup", "warmup"):
            await editor(pilot, "training.learning_rate")
            send(pilot, typed)
            await idle(pilot)
            screen = app.screen
            assert screen.query_one("#find", Input).value == typed
            assert screen.fields.option_count == 1  # type: ignore[attr-defined]
            assert screen.wizard.said("training.learning_rate") == 1e-5  # type: ignore[attr-defined]
            send(pilot, "\x1b\x1b")
            await at(pilot, "PlanScreen")
            await idle(pilot)


@pytest.mark.parametrize("leave", ["\x1b", "\x1b\x1b", "\t"])
async def test_a_value_that_was_typed_is_applied_when_its_field_is_left(desk: Desk, leave: str) -> None:
    app = desk.app(SFT)
    async with app.run_test(size=(120, 40)) as pilot:
        await editor(pilot, "training.learning_rate")
        wizard = app.screen.wizard  # type: ignore[attr-defined]
        send(pilot, "\r1e-3" + leave)
        await until(pilot, lambda: wizard.said("training.learning_rate") == 1e-3)


async def test_a_value_that_cannot_be_applied_is_marked_and_named(desk: Desk) -> None:
    app = desk.app(SFT)
    async with app.run_test(size=(120, 40)) as pilot:
        await editor(pilot, "training.learning_rate")
        send(pilot, "\rfast\x1b")
        await sees(pilot, "fast  not applied", "can't be 'fast'")
        send(pilot, "\x1b")
        await at(pilot, "PlanScreen")
        await sees(pilot, "typed in the editor and not applied: training.learning_rate (fast)")
        assert app.screen.wizard.said("training.learning_rate") is None  # type: ignore[attr-defined]


async def test_a_terminal_that_loses_the_focus_applies_nothing(desk: Desk) -> None:
    app = desk.app(SFT)
    async with app.run_test(size=(120, 40)) as pilot:
        await editor(pilot, "training.learning_rate")
        send(pilot, "\r1e-3")
        await idle(pilot)
        app.post_message(events.AppBlur())
        await idle(pilot)
        assert app.screen.wizard.said("training.learning_rate") is None  # type: ignore[attr-defined]


async def test_the_editor_opens_where_it_was_left(desk: Desk) -> None:
    app = desk.app(SFT)
    async with app.run_test(size=(120, 40)) as pilot:
        await editor(pilot)
        send(pilot, "/warmup\r\x1b")
        await at(pilot, "PlanScreen")
        send(pilot, "e")
        await at(pilot, "EditScreen")
        await sees(pilot, "training.warmup", "▸ why")
        assert app.screen.field == "training.warmup"  # type: ignore[attr-defined]


def test_the_text_is_200_signs_long() -> None:
    assert len(LONG) == 200
    assert set("dyrnsbxqwtk/{}'\"") <= set(LONG)
    assert Path(LONG).is_absolute()


@pytest.mark.parametrize("where", ["model", "data"])
@pytest.mark.parametrize("typed", ["a" * 300, "~nobody-here/x"])
async def test_what_can_be_no_path_is_a_sentence_below_the_field(desk: Desk, where: str, typed: str) -> None:
    app = desk.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_at(pilot, where)
        send(pilot, f"{typed}\r")
        await sees(pilot, "✗", "this is no path")
