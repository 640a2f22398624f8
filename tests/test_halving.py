"""A full device, with consent: half the micro-batch, twice the accumulation, on from the last checkpoint, same steps."""

from pathlib import Path
from typing import Any

import pytest

from engine.config import parse
from tests import forge
from tests.training import create, curves, values, wait

pytestmark = pytest.mark.slow
FULL_AT = 7


def full_once(folder: str) -> None:
    """Train a run on a device whose allocator says once, in the middle, that there is no room."""
    import torch

    library, calls = torch.Tensor.backward, iter(range(10**9))

    def backward(one: torch.Tensor, *given: Any, **named: Any) -> None:
        if next(calls) == FULL_AT - 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        library(one, *given, **named)  # type: ignore[no-untyped-call]

    torch.Tensor.backward = backward  # type: ignore[method-assign, assignment]
    forge._work(folder)


@pytest.fixture
def described(llama: Path, tmp_path: Path) -> dict[str, Any]:
    """A run of twelve steps with a checkpoint after every fourth."""
    run = values("sft", "lora", llama, tmp_path, max_steps=12, on_out_of_memory="halve")
    run["method"]["dropout"] = 0.0
    return run


def test_a_full_device_halves_the_batch_and_the_steps_stay_the_same(described: dict[str, Any], tmp_path: Path) -> None:
    folder = create(described, tmp_path / "runs")
    assert forge._run(full_once, folder) == 0, forge.tail(folder)
    known = wait(folder)
    assert known.finished is not None and known.finished["status"] == "completed", known.failed
    [told] = [warning for warning in known.warnings if warning["code"] == "halved"]
    assert told["step"] == 4 and "8 rows at once" in told["message"] and "with 4, and 2 batches" in told["message"]
    _, whole = forge.forge({**described, "training": {**described["training"], "on_out_of_memory": "stop"}}, tmp_path)
    halved, usual = curves(known)["loss"], curves(whole)["loss"]
    assert [step for step, _ in halved] == [step for step, _ in usual] == list(range(1, 13))
    assert [loss for _, loss in halved] == pytest.approx([loss for _, loss in usual], abs=2e-3)


def test_without_consent_it_fails_and_says_what_to_do(described: dict[str, Any], tmp_path: Path) -> None:
    described["training"]["on_out_of_memory"] = "stop"
    folder = create(described, tmp_path / "runs")
    assert forge._run(full_once, folder) == 1
    known = wait(folder)
    assert known.failed is not None and known.failed["code"] == "out_of_memory"


def test_half_a_batch_makes_steps_of_the_same_rows() -> None:
    from engine.worker.halving import Batches

    assert Batches(8, 1).halved() == Batches(4, 2) and Batches(6, 2).halved() == Batches(3, 4)
    assert Batches(5, 1).halved() == Batches(1, 5) and Batches(7, 6).halved() == Batches(3, 14)
    assert Batches(1, 16).halved() is None


def test_where_rows_are_compared_there_is_no_halving() -> None:
    embed = {"goal": "embed", "model": {"id": "m"}, "data": {"train": "d"}, "training": {"on_out_of_memory": "halve"}}
    with pytest.raises(ValueError, match="on_out_of_memory"):
        parse(embed)
