"""What a card held: told by phase, kept beside the prediction, and held against the next one on this machine."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine import doctor, machine
from engine.estimate import estimate
from engine.event import Journal, measured_file, stack_of
from engine.interpreter import interpreter
from engine.machine import GIB
from engine.measured import Pair, calibrated, keep_prediction, pairs, told
from tests.facts import A100, LLAMA_7B, chats, model
from tests.facts import machine as box
from tests.fake_nvml import install
from tests.test_estimate import run
from tui.measured import memory_facts

pytestmark = pytest.mark.slow
Hold = Callable[[float, float], None]


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Hold:
    """Give torch one card, at the edge where torch asks it, and say how much is held on it."""
    torch = pytest.importorskip("torch")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    peak = {"now": 0, "allocated": 0, "reserved": 0}

    def set_to(allocated: float, reserved: float) -> None:
        peak.update(now=int(allocated * GIB / 2), allocated=int(allocated * GIB), reserved=int(reserved * GIB))

    for name, answer in {
        "is_initialized": lambda: True,
        "device_count": lambda: 1,
        "mem_get_info": lambda _: (80 * GIB - peak["reserved"] - GIB // 2, 80 * GIB),
        "max_memory_allocated": lambda _: peak["allocated"],
        "max_memory_reserved": lambda _: peak["reserved"],
        "reset_peak_memory_stats": lambda _: peak.update(allocated=peak["now"], reserved=peak["now"]),
        "get_device_properties": lambda _: SimpleNamespace(name=A100.name),
    }.items():
        monkeypatch.setattr(torch.cuda, name, answer)
    return set_to


def test_every_phase_tells_what_it_held_and_the_pair_is_kept(hold: Hold, tmp_path: Path) -> None:
    from engine.worker.peaks import Peaks

    peaks, folder = Peaks(Journal(tmp_path / "events.jsonl")), tmp_path
    (folder / "predicted.json").write_text(json.dumps({"peak_gib": 20.0, "shown_gib": 20.0, "seconds": 200.0}))
    for phase, allocated in (("model", 14.0), ("training", 21.0), ("evaluating", 15.0), ("training", 20.0)):
        hold(allocated, allocated + 1)
        peaks.close(phase)
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [(line["type"], line["phase"], line["allocated"] / GIB) for line in lines] == [
        ("memory", "model", 14.0), ("memory", "training", 21.0), ("memory", "evaluating", 15.0),
        ("memory", "training", 20.0),
    ]  # fmt: skip
    found = peaks.told(folder, {"seconds": 300.0})["memory"]
    assert found["phases"]["training"] == {"allocated": 21 * GIB, "reserved": 22 * GIB, "card": 22 * GIB + GIB // 2}
    [pair] = pairs()
    assert (pair.card, pair.memory, pair.pace) == (A100.name, 1.05, 1.5) and pair.stack.startswith("torch ")
    peaks.whole = False  # a resumed run's seconds are not those that were predicted
    peaks.told(folder, {"seconds": 5.0})
    assert pairs()[1].pace is None
    (folder / "control").mkdir()
    (folder / "control" / "batches").touch()  # nor is the memory of half the batch
    peaks.told(folder, {"seconds": 5.0})
    assert len(pairs()) == 2
    [(name, words)] = memory_facts(found)
    assert name == "GPU memory" and "allocated 21.0 GiB (predicted 20.0 GiB: +5.0 %)" in words
    assert "reserved 22.0 GiB · the card 22.5 GiB · in training" in words


def test_on_a_processor_nothing_is_claimed(tmp_path: Path) -> None:
    from engine.worker.peaks import Peaks

    peaks = Peaks(Journal(tmp_path / "events.jsonl"))
    peaks.close("training")
    assert peaks.told(tmp_path, {}) == {} and not (tmp_path / "events.jsonl").read_text()


def test_the_next_prediction_is_corrected_by_like_runs_on_the_same_card_and_stack(tmp_path: Path) -> None:
    facts, here = model(tmp_path / "llama", LLAMA_7B), replace(box(A100), stack="torch 2")
    plain = estimate(run(), facts, here, chats())
    own = Pair("torch 2", A100.name, "sft", "lora", 20.0, 22.0, 200.0, 300.0)
    others = (replace(own, stack="torch 1", allocated_gib=40.0), replace(own, card="Tesla T4", allocated_gib=40.0))
    spent = estimate(run(), facts, replace(here, measured=(*others, own)), chats())
    assert spent.peak_gib == pytest.approx(1.1 * plain.peak_gib) and spent.pairs == 1
    assert spent.terms["cuda"] == plain.terms["cuda"]
    assert spent.high_gib - spent.terms["cuda"] == pytest.approx(1.1 * (plain.high_gib - plain.terms["cuda"]))
    assert spent.seconds is not None and plain.seconds is not None
    assert spent.seconds[1] == pytest.approx(1.5 * plain.seconds[1])
    assert estimate(run(), facts, replace(here, measured=others), chats()) == plain
    on_cpu = run(device="cpu")
    assert estimate(on_cpu, facts, replace(here, measured=(own,)), chats()).pairs == 0
    keep_prediction(tmp_path, run(), spent)  # what is kept is the formula's word: a correction is not corrected again
    kept = json.loads((tmp_path / "predicted.json").read_text())
    assert kept["peak_gib"] == pytest.approx(plain.peak_gib) and kept["shown_gib"] == spent.peak_gib
    assert kept["seconds"] == pytest.approx(plain.seconds[1])
    assert calibrated(plain, run(method="full"), replace(here, measured=(own,))).pairs == 1


def test_doctor_shows_what_was_measured_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    measured_file().parent.mkdir()
    good = {"stack": "torch 2", "card": "A100", "goal": "sft", "method": "lora", "predicted_gib": 10.0}
    lines = [{**good, "allocated_gib": 10.2}, {**good, "allocated_gib": 9.9}, {"torn": 1}, {**good, "allocated_gib": 0}]
    measured_file().write_text("\n".join(map(json.dumps, lines)) + "\n{")
    install(monkeypatch, "A100")
    seen = machine.look(tmp_path / "runs")
    assert len(seen.measured) == 2 and seen.stack == stack_of(interpreter().versions)
    [line] = [line for line in doctor.examine(seen, interpreter(), None) if line.name == "measured"]
    assert line.value == "A100 with torch 2: 2 runs: +0 % memory against the prediction (-1 % to +2 %)"
    assert told(()) == {}
