"""Forms are built from the run's own models: every field can be written down and read back, every bound is said."""

from typing import Any

import pytest

from engine.config import RUN_TYPES, Run, parse
from engine.data.roles import shapes
from engine.document import field, walk
from engine.problem import Problem
from engine.tables import GOALS, table
from tests.recipes.shapes import CELLS, FORMS
from tests.tui.desk import SFT, Desk, at, sees, text, until
from tui.ascii import ascii_only
from tui.layout import cut, hanging
from tui.widgets.entry import Entry
from tui.widgets.memory_bar import bar
from tui.widgets.value import bounds, choices, escape, number, read, unescape, written
from tui.words import roughly, size

PROMPTS = {"prompt": "a: [b]", "completion": "yes"}


def described(goal: str, kind: str, form: dict[str, Any]) -> Run:
    """The first form of a goal's run, with a column whose name looks like YAML."""
    columns = {role: PROMPTS.get(role, role) for role in form["data"]["columns"]}
    data = {**form["data"], "train": "d.jsonl", "columns": columns}
    return parse({"model": {"id": "m"}, **form, "data": data, "goal": goal, "method": {"kind": kind}})


RUNS = [described(goal, kind, form) for goal, kind, form in CELLS if form is FORMS[goal][0]]


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run.goal}-{run.method.kind}")
def test_every_field_of_every_run_is_written_and_read_back_the_same(run) -> None:
    leaves = list(walk(run))
    assert len(leaves) > 20
    for name, info, value in leaves:
        shown = written(value, info)
        assert shown.isprintable()
        assert read(shown, info, name) == value, name
        assert info.description, f"{name} has no help"
        assert bounds(info), f"{name} has no bounds in words"


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("training.epochs", "0", "it is a number, more than 0, at most 1,000"),
        ("training.epochs", "many", "it is a number"),
        ("training.batch", "1.5", "it is a whole number, at least 1"),
        ("training.schedule", "cosin", "cosine, linear, constant or constant_with_warmup"),
        ("training.evaluate_every", "0", "a whole number or epoch"),
        ("training.seed", "[", "not complete"),
        ("output.name", "no/slash", "output.name"),
        ("model.id", "", "not empty"),
    ],
)
def test_a_wrong_value_is_refused_with_what_the_field_may_hold(name: str, typed: str, sentence: str) -> None:
    with pytest.raises(Problem) as caught:
        read(typed, field(name, RUNS[1]), name)
    assert sentence in caught.value.sentence
    assert "\n" not in caught.value.sentence


def test_yaml_words_and_numbers_are_read_as_in_a_run_file() -> None:
    assert read("2e-5", field("training.learning_rate", RUNS[1]), "lr") == 2e-5
    assert read("[q_proj, v_proj]", field("method.targets", RUNS[1]), "targets") == ("q_proj", "v_proj")
    assert read("all-linear", field("method.targets", RUNS[1]), "targets") == "all-linear"
    assert read("true", field("training.packing", RUNS[1]), "packing") is True
    assert read("a\\nb", field("data.template", RUNS[1]), "template") == "a\nb"


@pytest.mark.parametrize(
    "words", ["plain", "two\nlines", "\x1b[31m", "back\\slash", "\\n is written", "\u202e", "\U000e0001"]
)
def test_text_is_escaped_into_one_line_and_back(words: str) -> None:
    assert escape(words).isprintable()
    assert unescape(escape(words)) == words


def test_numbers_are_written_short_and_exact() -> None:
    assert [number(value) for value in (2e-4, 1.5e-4, 3.0, 0.1, 1e-8)] == ["2e-4", "1.5e-4", "3", "0.1", "1e-8"]


def test_closed_lists_are_offered_and_open_ones_are_typed() -> None:
    run = RUNS[1]
    assert choices(field("training.packing", run)) == ("true", "false")
    assert "adafactor" in choices(field("training.optimizer", run))
    assert choices(field("training.batch", run)) == ()


def test_every_goal_of_the_engine_is_offered_with_words_and_roles() -> None:
    assert tuple(table("wizard")["goals"]) == GOALS == tuple(RUN_TYPES)
    for goal in GOALS:
        assert all(shape.needed and shape.words for shape in shapes(goal))


async def test_every_field_opens_its_form_with_help_and_reason(desk: Desk) -> None:
    app = desk.app(SFT)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, "Memory")
        await pilot.press("e")
        await at(pilot, "EditScreen")
        await until(pilot, lambda: app.screen.query("FieldForm"))
        names = [name for name, _, _ in app.screen.leaves()]
        for name in names:
            app.screen.fields.highlighted = names.index(name)
            await until(
                pilot,
                lambda name=name: app.screen.query("FieldForm") and app.screen.query_one("FieldForm").field == name,
            )
            form = app.screen.query_one("FieldForm")
            assert form.query("Entry, Choices")
            assert form.why, f"{name} has no reason"
        assert isinstance(app.screen.query("Entry").first(), Entry)
        assert "▸ why" in text(app)


def test_a_bar_shows_sure_unsure_and_free() -> None:
    from engine.estimate import Estimate

    sure, unsure, free, others = bar(Estimate(5, 4, 6, {}, 10, True, None), 20)
    assert (len(sure), len(unsure), len(free)) == (8, 4, 8)
    assert (sure, unsure[0], unsure[-1]) == ("█" * 8, "▓", "▒")
    assert others == ""
    assert [len(part) for part in bar(Estimate(50, 40, 60, {}, 10, False, None), 20)] == [20, 0, 0, 0]
    held = bar(Estimate(5, 4, 6, {}, 10, True, None, others={"python": 10.0}), 20)
    assert [len(part) for part in held] == [4, 2, 4, 10] and held[3] == "╳" * 10


def test_a_terminal_without_utf8_gets_ascii_of_the_same_width() -> None:
    line = "╭─ Memory ▐███▓▒░▌ ~2.4 GiB · ● ✓ ✗ › ⏎ 日本 …╮"
    plain = ascii_only(line)
    assert plain.isascii()
    from rich.cells import cell_len

    assert cell_len(plain) == cell_len(line)
    assert plain.count("?") == 4, "every sign of ours has a likeness; two wide ones have none"


async def test_a_terminal_without_utf8_gets_no_other_sign_on_any_line(desk: Desk, monkeypatch) -> None:
    monkeypatch.setattr("tui.app.terminal_is_utf8", lambda: False)
    app = desk.app(SFT)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, "Memory", "BASE_MODEL")
        assert text(app).isascii()
        assert "enter Start" in text(app), "a key is named where its sign can't be shown"


async def test_no_color_draws_in_shades_of_grey(desk: Desk, monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = desk.app(SFT)
    async with app.run_test(size=(120, 40)) as pilot:
        await sees(pilot, "Memory")
        strips = app.screen._compositor.render_strips()
        colours = {
            segment.style.color.triplet
            for strip in strips
            for segment in strip
            if segment.style and segment.style.color
        }
        assert colours
        assert all(colour is None or colour.red == colour.green == colour.blue for colour in colours)


def test_words_are_cut_between_words_and_wrapped_under_their_beginning() -> None:
    assert cut("one two three four", 14) == "one two three…"
    assert hanging("  - ", "one two three four", 16).plain == "  - one two\n    three four"
    assert roughly(975_226) == "~980,000"
    assert (size(5_000_000), size(900)) == ("5 MiB", "1 KiB")
