"""The dry run: what is counted, where the peak is, and what is said when there is none."""

from pathlib import Path

import pytest

from benchmarks import dry_run as benchmark
from engine.config import parse
from engine.dry_run import Planned, Traced, dry_runs
from engine.estimate import estimate
from engine.problem import Problem
from tests.facts import LLAMA_7B, card, chats, machine, model
from tests.test_estimate import run
from tui.commands.dry import dry_lines, dry_values

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("loaded_python")]


def test_shapes_count_like_numbers() -> None:
    cells = [("sft", "qlora"), ("prefer", "full"), ("embed", "lora")]
    for cell, (real, dry) in zip(cells, benchmark.compared(cells), strict=True):
        assert isinstance(real, Traced) and isinstance(dry, Traced), (cell, real, dry)
        assert dry.peak_gib == pytest.approx(real.peak_gib, rel=0.01), cell
        for term in ("trained weights", "optimizer"):
            assert dry.terms[term] == pytest.approx(real.terms[term], rel=1e-6), cell
        assert dry.where and sum(dry.terms.values()) == pytest.approx(dry.peak_gib)
        assert max(point["gib"] for point in dry.timeline) == dry.peak_gib


def by_hand() -> Traced:
    """A trace that rises through the forward pass and falls through the backward one."""
    course = [(8 + n / 10, "forward") for n in range(60)] + [(14 - n / 10, "backward") for n in range(60)]
    points = [{"gib": size, "phase": phase} for size, phase in [*course, (9.0, "clip"), (11.0, "optimizer")]]
    terms = {"weights": 8.0, "activations": 6.0}
    return Traced(14.0, 15.0, "backward", "model.norm", terms, {"backward": 14.0}, points, 3.0, 0.5, rows=False)


def test_the_course_is_drawn_within_a_narrow_terminal() -> None:
    lines = [*dry_lines(by_hand())]
    assert "14.0 GiB at its peak, in backward of model.norm; counted with rows of the greatest length" in lines[0]
    assert all(len(line) <= 76 for line in lines[2:]) and lines[2].startswith(" 14.0 GiB ")
    drawn = [line[10:].count("█") for line in lines[2:8]]
    assert drawn == sorted(drawn) and 0 < drawn[0] < 16 and drawn[-1] == 64
    letters = lines[8].strip()
    assert letters.startswith("FF") and letters.endswith("o") and letters.index("B") in range(30, 34)


def test_a_program_reads_the_counted_peak_or_why_there_is_none(tmp_path: Path) -> None:
    spent = estimate(run(), model(tmp_path / "llama", LLAMA_7B), machine(card("T4", 16, 14.9, (7, 5))), chats())
    found = dry_values(by_hand(), spent)
    assert found["peak_gib"] == 14.0 and found["low_gib"] < 14.0 < found["high_gib"] and found["fits"] is False
    assert found["where"] == "backward of model.norm" and found["trace"]["reserved_gib"] == 15.0
    assert dry_values(None, spent) == {}
    told = dry_values(Problem("this can't be traced"), spent)
    assert told["trace"] is None and "can't be traced" in told["trace_problem"] and "peak_gib" not in told


def test_what_cannot_be_traced_says_why(tmp_path: Path) -> None:
    untrained = parse(
        {"goal": "baseline", "model": {"id": "m"}, "data": {"train": "d.jsonl"}, "method": {"kind": "none"}}
    )
    [answer] = dry_runs([Planned(untrained, model(tmp_path / "llama", LLAMA_7B), None)])
    assert isinstance(answer, Problem) and "nothing is trained" in answer.sentence


def test_a_storage_counts_once_in_whole_grains_until_it_dies() -> None:
    import torch

    from engine.worker.trace.ledger import Ledger

    ledger = Ledger(answer=False)
    with ledger:
        one = torch.empty(129)  # 516 bytes: two grains of 512
        view = one.view(3, 43)
        assert [ledger.births[number].size for number in ledger.alive.values()] == [1024]
        del one
        assert len(ledger.alive) == 1
        del view
    assert not ledger.alive and ledger.events == [0, ~0]


def test_the_allocator_of_a_card_keeps_small_rests_and_uses_blocks_again() -> None:
    from engine.worker.trace.allocator import MIB, Allocator

    card = Allocator()
    whole = card.take(43 * MIB + 512)  # a segment of 44 MiB, whose rest is too small to be cut off
    assert (card.allocated, card.reserved) == (44 * MIB, 44 * MIB)
    card.give(whole)
    parts = [card.take(12 * MIB) for _ in range(3)]
    assert (card.allocated, card.reserved) == (36 * MIB, 44 * MIB)
    for part in (parts[0], parts[2], parts[1]):
        card.give(part)
    assert card.take(44 * MIB).size == card.reserved == 44 * MIB  # neighbours were joined
    assert card.take(1).size == 512 and card.reserved == 46 * MIB


def test_what_depends_on_numbers_is_answered_with_the_most_that_it_can_be() -> None:
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    from engine.worker.trace.ledger import Ledger

    ledger = Ledger()
    with FakeTensorMode(), ledger:
        rows, chosen = torch.empty(6, 3), torch.empty(6, dtype=torch.bool)
        assert rows[chosen].shape == (6, 3) and rows.masked_select(chosen[:, None]).shape == (18,)
        assert chosen.nonzero().shape == (6, 1) and rows.sum().item() == 1.0
        assert torch.bincount(torch.empty(6, dtype=torch.int64), minlength=4).shape == (4,)
        assert bool(chosen.all())
        ledger.yes = False
        assert not bool(chosen.all())
