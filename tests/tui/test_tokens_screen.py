"""Tokens on the screen: rows as the model will see them, by keyboard, at 80 columns, without colour."""

from pathlib import Path

import pytest

from tests import tiny
from tests.tui.desk import Desk, at, keys, open_at, sees, text, until
from tui.tokens import Span, spans, totals_lines, wrapped

pytestmark = pytest.mark.slow


async def test_rows_are_seen_as_the_model_sees_them(desk: Desk, llama: Path, monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    rows = [{"prompt": f"say [{n}]\x1b[2J", "completion": f"done {n}."} for n in range(300)]
    tiny.write_rows(desk.folder / "talks.jsonl", rows)
    app = desk.app()
    async with app.run_test(size=(80, 24)) as pilot:
        answers = {"goal": "sft", "model": {"id": str(llama)}, "data": {"train": str(desk.folder / "talks.jsonl")}}
        answers["launch"] = {"device": "cpu"}
        app.new_run(answers, at="plan")
        await sees(pilot, "Everything", "Memory")
        await pilot.press("t")
        await at(pilot, "TokensScreen")
        await patiently(pilot, "example 1 of", "trained on; the rest is only read")
        shown = await patiently(pilot, "examples,", "padding:", "no example is cut")
        assert "⟦done" in shown
        assert "␛[2J" in shown
        first = shown
        await pilot.press("right")
        await sees(pilot, "example 2 of")
        assert "⟦done" in text(app)
        await pilot.press("t")
        await sees(pilot, "·")
        await pilot.press("left")
        await sees(pilot, "example 1 of")
        await pilot.press("t")
        await until(pilot, lambda: text(app) == first)
        process = app.screen.preview._process
        await pilot.press("escape")
        await at(pilot, "PlanScreen")
        await until(pilot, lambda: process.poll() is not None, "the process beside ends with the screen")


async def test_the_question_for_data_opens_them_too_and_leaving_ends_the_process(desk: Desk) -> None:
    app = desk.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_at(pilot, "data")
        assert ("ctrl+o", "Tokens") not in keys(app), "nothing was looked at"
        await pilot.press("down", "enter")
        await sees(pilot, "for the test")
        await until(pilot, lambda: ("ctrl+o", "Tokens") in keys(app))
        await pilot.press("ctrl+o")
        await at(pilot, "TokensScreen")
        await sees(pilot, "loading the libraries")
        process = app.screen.preview._process
        await pilot.press("escape")
        await at(pilot, "DataScreen")
        await until(pilot, lambda: process.poll() is not None)


async def patiently(pilot, *words: str) -> str:
    """Wait as long as libraries take to load on a machine that does other things as well."""
    for _ in range(6):
        try:
            return await sees(pilot, *words)
        except AssertionError:
            continue
    return await sees(pilot, *words)


async def test_what_goes_wrong_is_said_in_a_sentence(desk: Desk, monkeypatch) -> None:
    monkeypatch.setenv("TUNEWRIGHT_PYTHON", str(desk.folder / "no-python"))
    app = desk.app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.new_run({"goal": "sft", "model": {"id": "tiny-chat"}, "data": {"train": "support.jsonl"}}, at="plan")
        await sees(pilot, "Everything", "Memory")
        await pilot.press("t")
        await sees(pilot, "can't be started", "--python")
        await pilot.press("escape")
        await at(pilot, "PlanScreen")


def test_lines_are_broken_at_the_width_and_nothing_is_lost() -> None:
    told = {
        "pieces": ["<s>", "漢字", " ab\ncd", "", "e" * 9, "</s>"],
        "trained": [0, 0, 1, 1, 1, 1],
        "special": [1, 0, 0, 0, 0, 1],
    }
    found = list(spans(told))
    assert "".join(span.text for span in found) == "<s>漢字⟦ ab↵\ncdeeeeeeeee</s>⟧"
    lines = wrapped(found, 8)
    assert ["".join(span.text for span in line) for line in lines] == ["<s>漢字⟦", " ab↵", "cdeeeeee", "eee</s>⟧"]
    assert Span("</s>", "mark") in lines[-1]


def test_totals_say_what_is_cut_and_what_padding_costs() -> None:
    totals = {
        "rows": 5000, "rows_counted": 2000, "examples": 2000, "tokens": 1000, "trained": 100, "without": 2, "cut": 43,
        "cut_answers": 3, "max_length": 1024, "padding": 0.25, "padding_grouped": 0.05, "padding_packed": 0.0,
    }  # fmt: skip
    said = "\n".join(totals_lines(totals, 3600))
    assert "the first 2,000 of 5,000 rows" in said
    assert "✗ 2 examples have no token that is trained on" in said
    assert "⚠ 43 examples are cut at 1,024 tokens; of 3 the answer is cut" in said
    assert "padding: 25.0 % of what is computed (~15 min of ~60 min)" in said
    assert "5.0 % with rows of about the same length together; 0.0 % packed" in said
