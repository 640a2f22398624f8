"""Every key that a footer offers does something, by keyboard and by mouse; every action is in the palette."""

import pytest
from textual.widgets import DataTable

from tests.tui.desk import EMBED, Desk, at, keys, open_at, sees, text, until, walk_to
from tui.widgets.choices import Choices
from tui.widgets.keybar import KeyBar

pytestmark = pytest.mark.slow

PLACES = ("goal", "model", "data", "looked", "method", "plan")
SIZES = [(80, 24), (120, 40)]


def picture(app) -> tuple[object, ...]:
    """All that a key may change."""
    return (len(app.screen_stack), type(app.screen).__name__, app.focused, text(app), app._exit)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("place", PLACES)
async def test_every_key_of_the_footer_does_something(
    desk: Desk, place: str, size: tuple[int, int], monkeypatch
) -> None:
    monkeypatch.setattr("engine.run.launch", lambda folder, python=None: None)
    offered: list[tuple[str, str]] = []
    tried = 0
    while not offered or tried < len(offered):
        app = desk.app()
        async with app.run_test(size=size) as pilot:
            await open_at(pilot, place)
            offered = keys(app)
            key, words = offered[tried]
            before = picture(app)
            await pilot.press(key)
            await until(pilot, lambda: picture(app) != before, f"{key} ({words}) on {place}")  # noqa: B023
        tried += 1
    assert {words for _, words in offered} >= {"Back", "Help", "Everything"}
    assert len(offered) >= 4


@pytest.mark.parametrize("place", PLACES)
async def test_the_footer_fits_in_80_columns_and_a_click_presses_its_key(desk: Desk, place: str) -> None:
    async with desk.app().run_test(size=(80, 24)) as pilot:
        await open_at(pilot, place)
        line = text(pilot.app).splitlines()[-1]
        for _, words in keys(pilot.app):
            assert words in line, "no key is cut in the middle of a word"
        before = pilot.app.screen
        await pilot.click(KeyBar, offset=(line.index("Back") + 1, 0))
        await until(pilot, lambda: pilot.app.screen is not before)


async def test_a_click_chooses_on_every_question(desk: Desk) -> None:
    async with desk.app().run_test(size=(120, 40)) as pilot:
        await walk_to(pilot, "goal")
        lines = text(pilot.app).splitlines()
        await pilot.click(offset=(8, next(y for y, line in enumerate(lines) if "Find the right passage" in line)))
        await at(pilot, "ModelScreen")
        await sees(pilot, "minilm")
        row = next(y for y, line in enumerate(text(pilot.app).splitlines()) if "minilm" in line)
        await pilot.click(offset=(6, row))
        await until(
            pilot,
            lambda: (
                type(pilot.app.screen).__name__ != "ModelScreen"
                or pilot.app.focused is pilot.app.screen.query_one(DataTable)
            ),
        )
        if type(pilot.app.screen).__name__ == "ModelScreen":
            await pilot.click(offset=(6, row))
        await at(pilot, "DataScreen")
        await sees(pilot, "newest first")
        row = next(y for y, line in enumerate(text(pilot.app).splitlines()) if "pairs.jsonl" in line)
        await pilot.click(offset=(6, row))
        await sees(pilot, "700 rows")
        await pilot.click(KeyBar, offset=(text(pilot.app).splitlines()[-1].index("Go on"), 0))
        await at(pilot, "MethodScreen")
        await sees(pilot, "Full")
        row = next(y for y, line in enumerate(text(pilot.app).splitlines()) if " Full" in line)
        await pilot.click(offset=(6, row))
        await at(pilot, "PlanScreen")
        await sees(pilot, "every weight is trained")
        row = next(y for y, line in enumerate(text(pilot.app).splitlines()) if "Training " in line)
        await pilot.click(offset=(20, row))
        await at(pilot, "EditScreen")
        lines = text(pilot.app).splitlines()
        row = next(y for y, line in enumerate(lines) if "objective.document_prompt" in line[:60])
        await pilot.click(offset=(6, row))
        await sees(pilot, "no words before a text")


@pytest.mark.parametrize("place", PLACES)
async def test_the_palette_holds_every_action_of_the_screen(desk: Desk, place: str) -> None:
    app = desk.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_at(pilot, place)
        titles = [command.title for command in app.get_system_commands(app.screen)]
        for _, words in keys(app):
            assert words == "Everything" or any(title.startswith(words) for title in titles), (words, titles)
        await pilot.press("ctrl+p")
        await sees(pilot, "Light or dark")


@pytest.mark.parametrize("place", PLACES)
async def test_the_help_explains_what_is_focused_with_its_live_keys(desk: Desk, place: str) -> None:
    app = desk.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_at(pilot, place)
        offered = keys(app)
        await pilot.press("f1")
        await at(pilot, "HelpScreen")
        shown = await sees(pilot, "esc", "light and dark")
        assert len(shown.split()) > 30, "a sentence about the focused thing, not only keys"
        assert offered
        await pilot.press("escape")
        await until(pilot, lambda: type(app.screen).__name__ != "HelpScreen")


async def test_a_question_mark_is_help_in_a_path_and_text_in_a_prompt(desk: Desk) -> None:
    app = desk.app(EMBED)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, "Teach", "Memory")
        app.screen.edit("objective.query_prompt")
        await at(pilot, "EditScreen")
        await sees(pilot, "Text put before every")
        await pilot.press("enter", "question_mark")
        await until(pilot, lambda: app.screen.query("#value") and app.screen.query_one("#value").value == "?")
        assert ("f1", "Help") in keys(app)
        await pilot.press("escape", "slash", "question_mark")
        await at(pilot, "HelpScreen")


async def test_the_theme_changes_by_one_key_and_stays_readable(desk: Desk) -> None:
    app = desk.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await walk_to(pilot, "goal")
        assert app.current_theme.dark
        await pilot.press("ctrl+t")
        await until(pilot, lambda: not app.current_theme.dark)
        assert app.screen.query_one(Choices).highlighted == 0
