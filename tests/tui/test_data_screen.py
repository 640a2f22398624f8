"""The Data screen: what is wrong is dealt with by one key, rows are shown before and after, and the run does as shown."""

import json
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Select

from tests.tui.desk import Desk, at, sees, until, walk_to
from tests.tui.test_wizard_trouble import answer
from tui.screens.data import DataScreen
from tui.widgets.remedies import Remedies

pytestmark = pytest.mark.slow

SMALL = (80, 24)


def write(path: Path, rows: list[Any]) -> None:
    path.write_text("".join(each if isinstance(each, str) else json.dumps(each) + "\n" for each in rows))


def talks(count: int = 400) -> list[Any]:
    return [{"prompt": f"Who lives in house number {n}?", "completion": f"In house {n} lives baker {n * 7}."} for n in range(count)]  # fmt: skip


async def looked(pilot: Pilot[None], name: str) -> DataScreen:
    await walk_to(pilot, "data")
    await answer(pilot, name)
    screen = pilot.app.screen
    assert isinstance(screen, DataScreen)
    await until(pilot, lambda: screen.has_class("-found"))
    return screen


async def stand_on(pilot: Pilot[None], code: str) -> None:
    """Go to a problem by keyboard."""
    remedies = pilot.app.screen.query_one(Remedies)
    await until(pilot, lambda: code in [problem.code for problem in remedies.problems], code)
    await pilot.press("ctrl+b")
    await until(pilot, lambda: remedies.has_focus)
    way = [problem.code for problem in remedies.problems].index(code) - (remedies.highlighted or 0)
    await pilot.press(*["down" if way > 0 else "up"] * abs(way))


async def test_rows_that_are_wrong_are_left_out_by_one_key_and_kept_by_another(desk: Desk) -> None:
    spoiled = {"prompt": "What does it say?", "completion": "It says <b>hello</b> to the baker."}
    write(desk.folder / "mixed.jsonl", [*talks(), talks()[3], spoiled])
    async with desk.app().run_test(size=SMALL) as pilot:
        screen = await looked(pilot, "mixed.jsonl")
        await stand_on(pilot, "duplicate_row")
        await pilot.press("right")
        await until(pilot, lambda: screen.wizard.said("data.drop") == ["duplicate_row"])
        await sees(pilot, "[leave out]")
        await stand_on(pilot, "html")
        await pilot.press("right")
        await until(pilot, lambda: screen.wizard.said("data.drop") == ["duplicate_row", "html"])
        await pilot.press("left")
        await until(pilot, lambda: screen.wizard.said("data.drop") == ["duplicate_row"])
        await pilot.press("ctrl+n")
        await at(pilot, "MethodScreen")
        plan = screen.wizard.recommend()
        assert plan.run.data.drop == ("duplicate_row",)


async def test_broken_lines_stop_the_way_until_they_are_left_out(desk: Desk) -> None:
    write(desk.folder / "broken.jsonl", [*talks(), '{"prompt": "cut\n'])
    async with desk.app().run_test(size=SMALL) as pilot:
        screen = await looked(pilot, "broken.jsonl")
        await pilot.press("ctrl+n")
        await sees(pilot, "line 401")
        remedies = screen.query_one(Remedies)
        await until(pilot, lambda: remedies.has_focus)
        await pilot.press("right")
        await until(pilot, lambda: screen.wizard.said("data.drop") == ["broken_row"])
        await pilot.press("ctrl+n")
        await at(pilot, "MethodScreen")
        run = screen.wizard.recommend().run
        assert (run.data.drop, run.data.reader) == (("broken_row",), "lines")


async def test_rows_of_one_document_are_kept_together_or_not(desk: Desk) -> None:
    write(desk.folder / "pages.jsonl", [{**row, "document_id": f"page {n // 4}"} for n, row in enumerate(talks())])
    async with desk.app().run_test(size=SMALL) as pilot:
        screen = await looked(pilot, "pages.jsonl")
        await stand_on(pilot, "shared_document")
        assert screen.query_one(Remedies).remedy_of(screen.query_one(Remedies).problems[0]) == "split"
        await pilot.press("right")
        await until(pilot, lambda: screen.wizard.said("data.group") == "")
        assert screen.query_one("#group", Select).value == ""
        await pilot.press("left")
        await until(pilot, lambda: screen.wizard.said("data.group") == "document_id")
        await pilot.press("ctrl+n")
        await at(pilot, "MethodScreen")
        assert screen.wizard.recommend().run.data.group == "document_id"


async def test_rows_that_are_converted_are_shown_before_and_after(desk: Desk) -> None:
    rows = [
        {"conversations": [{"from": "human", "value": row["prompt"]}, {"from": "gpt", "value": row["completion"]}]}
        for row in talks()
    ]
    write(desk.folder / "shared.jsonl", rows)
    async with desk.app().run_test(size=(120, 40)) as pilot:
        screen = await looked(pilot, "shared.jsonl")
        await sees(pilot, "turned into", "conversations as role and content", '"from": "human"', '"role": "user"')
        await pilot.press("ctrl+n")
        await at(pilot, "MethodScreen")
        run = screen.wizard.recommend().run
        assert (run.data.convert, run.data.columns) == ("chats", {"messages": "conversations"})


async def test_documents_become_rows_whose_columns_can_be_mapped(desk: Desk) -> None:
    pages = [
        {"title": f"page {n}", "paragraphs": [{"context": row["completion"] * 4, "qas": [{"question": row["prompt"], "answers": [{"text": f"baker {n}", "answer_start": 3}]}]}]}
        for n, row in enumerate(talks())
    ]  # fmt: skip
    (desk.folder / "pages.json").write_text(json.dumps({"data": pages}))
    async with desk.app().run_test(size=SMALL) as pilot:
        screen = await looked(pilot, "pages.json")
        assert screen.mapping.convert == "questions"
        assert screen.mapping.names == ["question", "context", "answer", "document"]
        await pilot.press("ctrl+n")
        await at(pilot, "MethodScreen")
        assert screen.wizard.recommend().run.data.convert == "questions"
