"""What fits: the cheapest change, the largest batch, the longest text, the smallest card; and memory that runs out."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine import run as runs
from engine import run_folder
from engine.config import Run, parse, plain
from engine.draft import Facts
from engine.estimate import Estimate
from engine.event import RESCUE
from engine.fitting import altered, cheapest, foresee, largest_batch, least_card, longest_text, remember, remembered
from engine.guide import Plan, recommend
from engine.history import History
from engine.machine import GIB, Gpu, GpuUser
from engine.model import ModelFacts, look
from engine.place import others_gib
from engine.worker.shortage import shortage
from tests.facts import A100, H200, LLAMA_7B, MINILM, RTX_4090, T4, card, chats, machine, model, pairs
from tests.forge import refused_folder
from tests.training import create, values
from tui.commands.follow import new_run

WIDE = {"batch": 16, "accumulate": 1, "max_length": 2048, "gradient_checkpointing": False}


@pytest.fixture
def seven(tmp_path: Path) -> ModelFacts:
    return model(tmp_path / "llama", LLAMA_7B)


def planned(facts: ModelFacts, gpu: Gpu, method: str, goal: str = "sft", **training: Any) -> tuple[Run, Facts, Plan]:
    seen = Facts(machine(gpu), facts, pairs() if goal == "embed" else chats())
    answers = {"goal": goal, "model": {"id": facts.id}, "method": {"kind": method}, "training": training}
    plan = recommend(answers, seen)
    return plan.run, seen, plan


def needs(run: Run, values: dict[str, Any], facts: Facts) -> Estimate:
    spent = foresee(run, values, facts)
    assert spent is not None
    return spent


def test_a_smaller_batch_comes_before_everything_that_costs_time_or_result(seven: ModelFacts) -> None:
    run, facts, plan = planned(seven, A100, "qlora", **WIDE)
    assert plan.estimate is not None and plan.estimate.fits is False
    found = cheapest(run, facts)
    assert found is not None and set(found.values) == {"training.batch", "training.accumulate"}
    assert found.values["training.batch"] * found.values["training.accumulate"] == 16
    assert (
        found.estimate.fits
        and found.words == f"batch {found.values['training.batch']} × {16 // found.values['training.batch']}"
    )
    twice = {"training.batch": 2 * found.values["training.batch"]}
    assert not needs(run, twice, facts).fits, "no smaller than it has to be"


@pytest.mark.parametrize("gpu", [T4, RTX_4090])
def test_no_part_of_a_change_is_needless_and_the_whole_fits(seven: ModelFacts, gpu: Gpu) -> None:
    run, facts, _ = planned(seven, gpu, "qlora", **WIDE)
    found = cheapest(run, facts)
    assert found is not None and found.estimate.fits and needs(run, found.values, facts) == found.estimate
    for name in found.values.keys() - {"training.accumulate"}:
        fewer = {other: value for other, value in found.values.items() if other != name}
        assert not needs(run, fewer, facts).fits, name
    assert parse(altered(run, found.values)) != run


def test_all_logits_at_once_are_given_up_first(seven: ModelFacts) -> None:
    run, facts, _ = planned(seven, A100, "qlora", **{**WIDE, "gradient_checkpointing": True, "loss_kernel": "plain"})
    tight = needs(run, {"training.loss_kernel": "chunked"}, facts).high_gib
    found = cheapest(run, facts, at_most=tight)
    assert found is not None and found.values == {"training.loss_kernel": "chunked"}


def test_packing_the_weights_is_offered_for_a_run_but_not_where_methods_are_compared(seven: ModelFacts) -> None:
    run, facts, plan = planned(seven, T4, "lora")
    found = cheapest(run, facts)
    assert found is not None and found.values == {"method.kind": "qlora"} and "QLoRA" in found.sentence
    assert cheapest(run, facts, other_method=False) is None
    row = next(row for row in plan.ranking if row.method == "lora")
    assert (
        row.fits is False
        and "GiB short" in row.verdict
        and row.change.startswith("fits on ")
        and "QLoRA" not in row.change
    )


def test_where_rows_are_compared_the_batch_is_kept_as_long_as_possible(tmp_path: Path) -> None:
    facts = model(
        tmp_path / "minilm", {**MINILM, "hidden_size": 1024, "num_hidden_layers": 24, "intermediate_size": 4096}
    )
    run, seen, _ = planned(facts, T4, "lora", "embed", batch=256, max_length=128, gradient_checkpointing=False)
    found = cheapest(run, seen)
    assert found is not None and found.values.get("training.gradient_checkpointing") is True


def test_methods_that_do_not_fit_stay_in_the_ranking_with_what_is_missing(seven: ModelFacts) -> None:
    _, _, plan = planned(seven, T4, "qlora")
    short = [row for row in plan.ranking if row.fits is False]
    assert {"full", "lora"} <= {row.method for row in short}
    assert all("GiB short" in row.verdict and row.change and f"− {row.change}" in row.reasons for row in short)
    assert all(not row.change for row in plan.ranking if row.fits)


def test_a_setting_that_was_asked_for_is_what_a_method_would_have_to_give_up(seven: ModelFacts) -> None:
    _, _, plan = planned(seven, T4, "qlora", **WIDE)
    change = next(row.change for row in plan.ranking if row.method == "qlora")
    assert "gradient checkpointing" in change and change.startswith("fits with ")


def test_the_largest_batch_and_the_longest_text_fit_and_more_does_not(seven: ModelFacts) -> None:
    run, facts, _ = planned(seven, RTX_4090, "qlora", batch=1, accumulate=64, max_length=512)
    batch = largest_batch(run, facts)
    assert batch is not None and batch[0] * batch[1] == 64
    assert needs(run, {"training.batch": batch[0]}, facts).fits
    unseen = Facts(facts.machine, seven, None)
    longest = longest_text(parse(altered(run, {"training.batch": 2})), facts)
    assert longest is not None and 512 < longest <= seven.context
    at = {"training.batch": 2}
    assert needs(run, {**at, "training.max_length": longest}, unseen).fits
    assert longest == seven.context or not needs(run, {**at, "training.max_length": longest + 64}, unseen).fits


def test_nothing_is_offered_where_nothing_is_known_or_nothing_larger_fits(seven: ModelFacts) -> None:
    run, facts, _ = planned(seven, H200, "lora")
    blind = Facts(facts.machine, None, None)
    assert (cheapest(run, blind), largest_batch(run, blind), longest_text(run, blind)) == (None, None, None)
    full = parse(altered(run, {"training.max_length": seven.context}))
    assert longest_text(full, facts) is None
    unsaid = Facts(machine(card("NVIDIA GB10", 0, None, (9, 0))), seven, None)
    assert cheapest(run, unsaid) is None


def test_the_smallest_card_is_named_where_no_change_is_enough(seven: ModelFacts) -> None:
    _, _, plan = planned(seven, T4, "full")
    assert plan.estimate is not None
    name = least_card(plan.estimate)
    assert name is not None and any(name in row.change for row in plan.ranking if row.method == "full")
    huge = Estimate(900, 900, 900, {}, 14.6, False, None)
    assert least_card(huge) is None


def test_what_other_programs_hold_of_a_card_is_named() -> None:
    users = (GpuUser(1, "python", 2 * GIB), GpuUser(2, "python", GIB), GpuUser(3, "Xorg", None))
    busy = Gpu(0, "GPU-1", "Tesla T4", 15 * GIB, 11 * GIB, users)
    assert others_gib("cuda", (), machine(busy)) == pytest.approx({"python": 3, "driver and others": 1})
    assert others_gib("cuda", (), machine(T4)) == {}
    assert others_gib("cuda", (), machine(busy, imagined=True)) == others_gib("cpu", (), machine(busy)) == {}


def out_of_memory(model: Path, folder: Path) -> Path:
    """Return the folder of a run whose script asks for more memory than any machine has."""
    described = values("sft", "lora", model, folder, gradient_checkpointing=False)
    run, facts = parse(described), Facts(machine(ram_gib=64), look(str(model)), None)
    made = create(described, folder / "runs")
    remember(made, run, facts)
    script = made / "train.py"
    script.write_text(f"{script.read_text()}\n\ndef load_model():\n    return torch.empty(2**50)\n")
    return made


@pytest.mark.slow
def test_memory_that_runs_out_is_told_with_phase_sizes_and_the_change_that_fits(llama: Path, tmp_path: Path) -> None:
    folder = out_of_memory(llama, tmp_path)
    failed = refused_folder(folder)
    known = json.loads((folder / RESCUE).read_text())
    assert failed["code"] == "out_of_memory" and failed["phase"] == "model"
    assert failed["memory"] == {"requested": 4 * 2**50}
    assert failed["change"] == known["change"] == remembered(folder) and failed["change"]["training.batch"] < 8
    assert failed["advice"].startswith("start it anew with batch ") and known["advice"] in failed["advice"]
    history = runs.history(folder)
    assert history.failed is not None and history.failed["change"] == failed["change"]
    command = new_run(folder, failed["change"]).split()
    assert f"training.batch={failed['change']['training.batch']}" in command and "--set" in command
    answers = run_folder.load(folder)
    assert plain(parse(altered(answers, failed["change"])))["training"]["batch"] == failed["change"]["training.batch"]


def test_a_run_without_a_known_change_and_an_old_journal_fail_as_ever(tmp_path: Path) -> None:
    short = shortage(tmp_path, "out_of_memory", "CUDA out of memory. Tried to allocate 1.50 GiB. GPU 0 has")
    assert short == {"phase": "", "memory": {"requested": 3 * 2**29}}
    assert shortage(tmp_path, "disk_full", "No space") == {}
    (tmp_path / RESCUE).write_text("[]")
    assert "change" not in shortage(tmp_path, "out_of_memory", "") and remembered(tmp_path) == {}
    history = History()
    history.apply(
        {"type": "failed", "time": 1.0, "code": "out_of_memory", "message": "m", "advice": "a", "change": "x"}
    )
    assert history.failed is not None and history.failed["change"] == {}
