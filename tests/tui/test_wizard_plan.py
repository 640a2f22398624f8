"""The plan: start it, change it, save it, take it home, and see what another GPU would change."""

import ast
import stat
from dataclasses import replace as replace_fields
from pathlib import Path

import pytest

from engine.document import load, read
from engine.gpu import GpuUser
from engine.notebook import notebook
from tests import facts
from tests.tui.desk import EMBED, SFT, Desk, at, keys, sees, text, type_text, until
from tests.tui.journals import answer
from tui.screens.plan import PlanScreen
from tui.widgets.entry import Entry
from tui.widgets.memory_bar import MemoryBar
from tui.widgets.script_view import ScriptView
from tui.widgets.verdicts import Ranking

pytestmark = pytest.mark.slow


def run_of(app):
    """The run that the plan screen shows."""
    return next(screen for screen in app.screen_stack if isinstance(screen, PlanScreen)).wizard.thought.plan.run


async def planned(pilot) -> None:
    """Wait for the plan and its script."""
    await at(pilot, "PlanScreen")
    await sees(pilot, "Teach", "Memory")
    await until(pilot, lambda: pilot.app.screen.query_one(ScriptView).text, "the script")


async def replace(pilot, words: str) -> None:
    """Type over what stands in the focused field."""
    await until(pilot, lambda: isinstance(pilot.app.focused, Entry), "a field")
    pilot.app.focused.value = ""
    await type_text(pilot, words)
    await pilot.press("enter")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that were launched, without the minute of training behind each."""
    folders: list[Path] = []
    monkeypatch.setattr("engine.run.launch", lambda folder, python=None: folders.append(folder))
    return folders


async def test_enter_creates_the_run_and_opens_its_training(desk: Desk, started: list[Path]) -> None:
    app = desk.app(SFT)
    async with app.run_test(size=(120, 40)) as pilot:
        await planned(pilot)
        run = run_of(app)
        await pilot.press("enter")
        await at(pilot, "TrainScreen")
        [folder] = started
        assert load(folder / "run.yaml") == run
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert ast.parse((folder / "train.py").read_text())
        await pilot.press("escape")
        await at(pilot, "HomeScreen")


async def test_a_run_is_repeated_with_the_same_plan(desk: Desk, started: list[Path]) -> None:
    app = desk.app(SFT | {"training": {"epochs": 7, "seed": 1}})
    async with app.run_test(size=(120, 40)) as pilot:
        await planned(pilot)
        run = run_of(app)
        await pilot.press("enter")
        await at(pilot, "TrainScreen")
        app.repeat(started[0])
        await planned(pilot)
        assert run_of(app) == run


async def test_a_run_file_that_was_broken_by_hand_is_not_repeated_and_says_why(desk: Desk) -> None:
    folder = desk.folder / "runs" / "old-1"
    folder.mkdir(parents=True)
    (folder / "run.yaml").write_text(
        "goal: sft\nmodel: {id: tiny-chat}\ndata: {train: support.jsonl}\ntrainning: {epochs: 2}\n"
    )
    app = desk.app()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await at(pilot, "HomeScreen")
        app.repeat(folder)
        await sees(pilot, "'trainning'", "'training'?")
        await at(pilot, "HomeScreen")


async def test_a_smaller_window_folds_the_script_and_a_larger_one_shows_it(desk: Desk) -> None:
    app = desk.app(SFT)
    async with app.run_test(size=(120, 40)) as pilot:
        await planned(pilot)
        await sees(pilot, "BASE_MODEL", "Other methods")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "BASE_MODEL" not in text(app) and "Time" in text(app))
        assert max(len(line) for line in text(app).splitlines()) <= 80
        await pilot.resize_terminal(120, 40)
        await sees(pilot, "BASE_MODEL")


async def test_a_runs_folder_that_cannot_be_written_is_said_and_the_plan_stays(desk: Desk) -> None:
    (desk.folder / "runs").write_text("a file, no folder")
    async with desk.app(SFT).run_test(size=(120, 40)) as pilot:
        await planned(pilot)
        await pilot.press("enter")
        await sees(pilot, "the run can't be written", "--runs")
        await at(pilot, "PlanScreen")


async def test_an_edit_changes_plan_script_and_memory_at_once(desk: Desk) -> None:
    app = desk.app(SFT)
    async with app.run_test(size=(120, 40)) as pilot:
        await planned(pilot)
        view = app.screen.query_one(ScriptView)
        assert "EPOCHS: float = 7.0" not in view.text
        await pilot.press("e")
        await at(pilot, "EditScreen")
        await sees(pilot, "How often every training row", "more than 0, at most 1,000", "▸ why")
        await pilot.press("enter")
        await replace(pilot, "7")
        await until(pilot, lambda: run_of(app).training.epochs == 7)
        await pilot.press("escape")
        await planned(pilot)
        await sees(pilot, "7 epochs")
        await until(pilot, lambda: "EPOCHS: float = 7.0" in app.screen.query_one(ScriptView).text)


async def test_a_wrong_edit_is_refused_and_kept_to_be_mended(desk: Desk) -> None:
    app = desk.app(SFT)
    async with app.run_test(size=(80, 24)) as pilot:
        await planned(pilot)
        before = run_of(app)
        await pilot.press("e")
        await at(pilot, "EditScreen")
        await pilot.press("enter")
        await replace(pilot, "0")
        await sees(pilot, "training.epochs can't be '0'")
        assert isinstance(app.focused, Entry)
        await pilot.press("escape", "escape")
        await planned(pilot)
        assert run_of(app) == before
        await pilot.press("e")
        await at(pilot, "EditScreen")
        await until(pilot, lambda: app.screen.query(Entry) and app.screen.query("#value").first().value == "0")


async def test_an_edit_that_breaks_another_field_is_refused_in_one_sentence(desk: Desk) -> None:
    app = desk.app(EMBED)
    async with app.run_test(size=(120, 40)) as pilot:
        await planned(pilot)
        await pilot.press("e")
        await at(pilot, "EditScreen")
        await pilot.press("slash")
        await type_text(pilot, "matryoshka")
        await pilot.press("enter")
        await sees(pilot, "Embedding sizes that must")
        await pilot.press("enter")
        await replace(pilot, "[64, 128]")
        await sees(pilot, "from large to small")
        await replace(pilot, "[384, 64]")
        await until(pilot, lambda: run_of(app).objective.matryoshka == (384, 64))


async def test_ctrl_r_lets_the_guide_choose_an_edited_field_again(desk: Desk) -> None:
    app = desk.app(SFT | {"training": {"epochs": 9}})
    async with app.run_test(size=(120, 40)) as pilot:
        await planned(pilot)
        await pilot.press("e")
        await at(pilot, "EditScreen")
        await sees(pilot, "● training.epochs")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: run_of(app).training.epochs != 9)


async def test_a_choice_field_offers_its_values(desk: Desk) -> None:
    app = desk.app(SFT)
    async with app.run_test(size=(120, 40)) as pilot:
        await planned(pilot)
        app.screen.edit("training.schedule")
        await at(pilot, "EditScreen")
        await sees(pilot, "How the learning rate", "constant_with_warmup")
        await pilot.press("enter", "down", "enter")
        await until(pilot, lambda: run_of(app).training.schedule == "linear")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_whole_script_is_shown_and_written(desk: Desk, size: tuple[int, int]) -> None:
    app = desk.app(SFT)
    async with app.run_test(size=size) as pilot:
        await planned(pilot)
        script = app.screen.query_one(ScriptView).text
        await pilot.press("x")
        await at(pilot, "ScriptScreen")
        await sees(pilot, "Teach", "to answer like")
        await pilot.press("enter")
        await sees(pilot, "Export the script")
        await pilot.press("enter")
        await planned(pilot)
        assert (desk.folder / "train.py").read_text() == script
        await pilot.press("x")
        await at(pilot, "ScriptScreen")
        await pilot.press("n")
        await sees(pilot, "Export the notebook")
        await pilot.press("enter")
        await planned(pilot)
        assert (desk.folder / "train.ipynb").read_text() == notebook(script)


async def test_a_file_is_replaced_only_after_a_question(desk: Desk) -> None:
    (desk.folder / "mine.yaml").write_text("precious")
    app = desk.app(SFT)
    async with app.run_test(size=(80, 24)) as pilot:
        await planned(pilot)
        await pilot.press("s")
        await replace(pilot, "mine.yaml")
        await sees(pilot, "mine.yaml exists already")
        await answer(pilot, "enter")
        await sees(pilot, "Where to?")
        assert (desk.folder / "mine.yaml").read_text() == "precious", "Enter means no"
        assert app.focused.value == "mine.yaml"
        await pilot.press("enter")
        await sees(pilot, "exists already")
        await answer(pilot, "y")
        await planned(pilot)
        assert read(desk.folder / "mine.yaml")["goal"] == "sft"


async def test_a_place_that_was_typed_is_still_there_after_escape(desk: Desk) -> None:
    app = desk.app(SFT)
    async with app.run_test(size=(80, 24)) as pilot:
        await planned(pilot)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.focused, Entry))
        app.focused.value = ""
        await type_text(pilot, "half/a/pa")
        await pilot.press("escape")
        await planned(pilot)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.focused, Entry) and app.focused.value == "half/a/pa")


async def test_memory_that_another_program_takes_changes_the_plan(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = desk.app(SFT)
    async with app.run_test(size=(120, 40)) as pilot:
        await planned(pilot)
        await sees(pilot, "of 14.6 free")
        taken = facts.card("Tesla T4", 15, 4.0, (7, 5), "GPU-t4")
        monkeypatch.setattr("engine.machine.look", lambda runs: facts.machine(taken))
        app.look_at_machine()
        await sees(pilot, "of 4.0 free", "4.0 GiB free")


async def test_a_place_that_cannot_be_written_is_said_beside_the_field(desk: Desk) -> None:
    app = desk.app(SFT)
    async with app.run_test(size=(80, 24)) as pilot:
        await planned(pilot)
        await pilot.press("s")
        await replace(pilot, "support.jsonl/run.yaml")
        await sees(pilot, "can't be written", "Where to?")
        await pilot.press("escape")
        await planned(pilot)


async def test_what_if_another_gpu_changes_the_plan_and_is_no_plan_to_start(desk: Desk, started: list[Path]) -> None:
    app = desk.app(SFT)
    async with app.run_test(size=(120, 40)) as pilot:
        await planned(pilot)
        assert run_of(app).training.precision == "fp16"
        await pilot.press("w")
        await replace(pilot, "RTX 4900")
        await sees(pilot, "no GPU is known as 'RTX 4900'; did you mean")
        await replace(pilot, "RTX 4090")
        await sees(pilot, "what if · NVIDIA RTX 4090")
        await until(pilot, lambda: run_of(app).training.precision == "bf16")
        await pilot.press("enter")
        await sees(pilot, "this plan is for another GPU")
        assert not started
        await pilot.press("w")
        await replace(pilot, "")
        await sees(pilot, "box · NVIDIA T4")
        await until(pilot, lambda: run_of(app).training.precision == "fp16")


async def test_a_run_that_does_not_fit_is_started_only_after_a_question(desk: Desk, started: list[Path]) -> None:
    app = desk.app(SFT | {"method": {"kind": "full"}, "training": {"batch": 512, "max_length": 4096}})
    async with app.run_test(size=(120, 40)) as pilot:
        await planned(pilot)
        await sees(pilot, "more than the 14.6 free")
        await pilot.press("enter")
        await sees(pilot, "This will probably not fit")
        await answer(pilot, "escape")
        await planned(pilot)
        assert not started
        await pilot.press("enter")
        await sees(pilot, "This will probably not fit")
        await answer(pilot, "y")
        await at(pilot, "TrainScreen")
        assert started


async def test_b_takes_the_largest_batch_and_keeps_the_rows_of_a_step(desk: Desk) -> None:
    app = desk.app(SFT | {"training": {"batch": 1, "accumulate": 16}})
    async with app.run_test(size=(120, 40)) as pilot:
        await planned(pilot)
        screen = await sees(pilot, "largest batch that fits:", "[b] take it")
        most = int(screen.partition("largest batch that fits: ")[2].split()[0])
        await pilot.press("b")
        await until(pilot, lambda: run_of(app).training.batch == most)
        assert run_of(app).training.batch * run_of(app).training.accumulate == 16
        await until(pilot, lambda: "b" not in dict(keys(app)), "the key to be gone")
        assert "[b]" not in text(app)


async def test_l_takes_the_longest_text_that_fits(desk: Desk) -> None:
    app = desk.app(SFT | {"training": {"max_length": 256}})
    async with app.run_test(size=(80, 24)) as pilot:
        await planned(pilot)
        screen = await sees(pilot, "longest text that fits:", "[l] take it")
        longest = int(screen.partition("longest text that fits: ")[2].split()[0].replace(",", ""))
        assert longest > 256
        await pilot.press("l")
        await until(pilot, lambda: run_of(app).training.max_length == longest)
        await until(pilot, lambda: "l" not in dict(keys(app)) and "[l]" not in text(app), "the offer to be gone")
        spent = app.screen.wizard.thought.plan.estimate
        assert spent is not None and spent.fits


async def test_c_takes_the_cheapest_change_that_makes_a_run_fit(desk: Desk) -> None:
    app = desk.app(SFT | {"method": {"kind": "full"}, "training": {"batch": 512, "accumulate": 1, "max_length": 4096}})
    async with app.run_test(size=(120, 40)) as pilot:
        await planned(pilot)
        await sees(pilot, "more than the 14.6 free", "it fits with batch", "[c] take it")
        ranking = " ".join(app.screen.query_one(Ranking).render().plain.split())
        assert "GiB short; fits with batch " in ranking
        change = app.screen.wizard.thought.change
        await pilot.press("c")
        await sees(pilot, "of 14.6 free")
        await until(pilot, lambda: run_of(app).training.batch == change.values["training.batch"])
        assert run_of(app).training.batch * run_of(app).training.accumulate >= 512
        assert "[c]" not in text(app)


async def test_the_bar_follows_a_key_before_the_plan_is_made_anew(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = desk.app(SFT | {"training": {"batch": 1, "accumulate": 16}})
    async with app.run_test(size=(120, 40)) as pilot:
        await planned(pilot)
        await sees(pilot, "[b] take it")
        before = app.screen.query_one(MemoryBar).estimate.peak_gib
        monkeypatch.setattr(PlanScreen, "think", lambda screen: None)
        await pilot.press("b")
        assert app.screen.query_one(MemoryBar).estimate.peak_gib > before


async def test_what_other_programs_hold_stands_in_the_bar_and_in_words(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = desk.app(SFT)
    async with app.run_test(size=(80, 24)) as pilot:
        await planned(pilot)
        assert "╳" not in text(app)
        users = (GpuUser(7, "python [red]x[/red]", 9 * 2**30),)
        taken = replace_fields(facts.card("Tesla T4", 15, 5.0, (7, 5), "GPU-t4"), users=users)
        monkeypatch.setattr("engine.machine.look", lambda runs: facts.machine(taken))
        app.look_at_machine()
        await sees(pilot, "╳", "other programs hold 10.0 GiB: python [red]x[/red] 9.0 · driver and others 1.0")


async def test_a_preset_of_the_same_model_changes_the_settings(desk: Desk) -> None:
    app = desk.app(EMBED)
    async with app.run_test(size=(120, 40)) as pilot:
        await planned(pilot)
        await pilot.press("p")
        await sees(pilot, "Presets for this goal", "embed-matryoshka-t4")
        assert "qlora-small-open" not in text(app), "a preset of another goal"
        await pilot.press("enter")
        await at(pilot, "ModelScreen")
        assert app.screen.query_one("#path").value == "BAAI/bge-base-en-v1.5"
        assert app.screen.wizard.answers["data"]["train"].endswith("pairs.jsonl"), "the data stays"


async def test_m_leads_to_the_methods_and_the_choice_back_to_the_plan(desk: Desk) -> None:
    app = desk.app(SFT)
    async with app.run_test(size=(120, 40)) as pilot:
        await planned(pilot)
        await pilot.press("m")
        await at(pilot, "MethodScreen")
        await sees(pilot, "QLoRA 4-bit", "+ ", "− ")
        await pilot.press("down", "enter")
        await planned(pilot)
        await until(pilot, lambda: run_of(app).method.kind != "lora")
