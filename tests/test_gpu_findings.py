"""What a real card does that a processor does not: each of these once broke a run, an alarm or an estimate."""

import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pynvml
import pytest
from pydantic import ValidationError

from engine.estimate import estimate
from engine.goals.shared import Launch
from engine.machine import GIB
from engine.measured import Pair
from engine.problem import Problem
from engine.worker import hardware
from engine.worker.failures import explain
from tests.facts import A100, LLAMA_7B, chats, model
from tests.facts import machine as box
from tests.fake_nvml import FakeNvml, install, mig_slices, t4
from tests.test_estimate import run


@pytest.mark.parametrize(
    "message",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB.",
        "CUDA error: out of memory",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasLtMatmul`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "CUDA driver error: out of memory",
        "HIP out of memory. Tried to allocate 20.00 MiB",
    ],
)
def test_a_full_card_is_known_in_every_wording(message: str) -> None:
    assert explain(RuntimeError(message)).code == "out_of_memory"


class Cuda:
    """What torch tells of a card and a slice, at the edge where it is asked; a lost card raises."""

    def __init__(self, lost: tuple[int, ...] = (), count: int = 1) -> None:
        self.lost, self.count = lost, count

    def is_initialized(self) -> bool:
        return True

    def device_count(self) -> int:
        return self.count

    def mem_get_info(self, index: int) -> tuple[int, int]:
        if index in self.lost:
            raise RuntimeError("CUDA error: unspecified launch failure")
        return 10 * GIB, 15 * GIB

    def get_device_properties(self, index: int) -> SimpleNamespace:
        return SimpleNamespace(name="card", uuid=t4().uuid.removeprefix("GPU-"))

    def memory_allocated(self, index: int) -> int:
        return GIB


def torch_with(monkeypatch: pytest.MonkeyPatch, cuda: Cuda) -> None:
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))


def test_a_lost_card_costs_its_line_and_not_the_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.worker.stopping import every

    install(monkeypatch, "T4")
    torch_with(monkeypatch, Cuda(lost=(0,), count=2))
    assert [card["index"] for card in hardware.cards()] == [1]
    beats: list[int] = []

    def beat() -> None:
        beats.append(1)
        if len(beats) == 1:
            raise OSError("no space left on device")

    every(0.001, beat)
    end = time.monotonic() + 10
    while len(beats) < 3 and time.monotonic() < end:
        time.sleep(0.005)
    assert len(beats) >= 3


def test_each_question_to_a_card_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    unable = {"utilization": pynvml.NVML_ERROR_NOT_SUPPORTED}
    install(monkeypatch, FakeNvml(t4(fails=unable)))
    torch_with(monkeypatch, Cuda())
    (card,) = hardware.cards()
    assert (card["utilization"], card["temperature"], card["power"]) == (None, 71, 68.4)


def test_a_slice_is_asked_for_by_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    name = mig_slices()[0].uuid
    install(monkeypatch, FakeNvml(mig_slices()[0]))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", name)
    torch_with(monkeypatch, Cuda())
    assert hardware.cards()[0]["uuid"] == name


def test_in_a_container_a_run_is_not_its_own_neighbor(monkeypatch: pytest.MonkeyPatch) -> None:
    card = t4(users=[(2**22 - 5, 100)])
    install(monkeypatch, FakeNvml(card))
    monkeypatch.setattr(hardware, "in_first_pid_namespace", lambda: True)
    assert list(hardware.card_troubles(card.uuid, 0)) == [f"card 0 is shared with process {2**22 - 5}"]
    monkeypatch.setattr(hardware, "in_first_pid_namespace", lambda: False)
    assert list(hardware.card_troubles(card.uuid, 0)) == []


def watched(norms: list[float], rates: list[float]) -> set[str]:
    """The codes of an fp16 training whose scaler skips every step with a gradient that is no number."""
    import torch

    from engine.worker.watchdog.watcher import Watcher

    said: set[str] = set()
    watcher, net = Watcher(lambda found, step: said.add(found.code)), torch.nn.Linear(2, 2)
    args = SimpleNamespace(fp16=True, get_warmup_steps=lambda steps: 0)
    state = SimpleNamespace(global_step=0, max_steps=len(norms) + 50)
    watcher.on_train_begin(args, state, None, model=net)
    for step, (norm, rate) in enumerate(zip(norms, rates, strict=True), 1):
        state.global_step = step
        if norm == norm:
            with torch.no_grad():
                net.weight.add_(0.1)
                net.bias.add_(0.1)
        watcher.on_step_end(args, state, None)
        watcher.on_log(args, state, None, logs={"loss": 2.0 / step, "grad_norm": norm, "learning_rate": rate})
    return said - {"no_gradient"}


def test_a_scaler_that_looks_for_its_scale_raises_no_alarm() -> None:
    skipped = float("nan")
    assert watched([skipped] * 8 + [1.0] * 8, [0.0] * 9 + [1e-4] * 7) == set()
    assert watched([skipped] * 25, [0.0] * 25) == {"gradient"}  # it never finds one


def test_adapters_in_bf16_are_refused_where_gradients_are_scaled() -> None:
    with pytest.raises(Problem, match=r"set method\.adapter_dtype to fp32"):
        run(method={"kind": "lora", "adapter_dtype": "bf16"}, precision="fp16")


def test_more_than_one_card_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"one card, and launch\.devices names 2"):
        Launch(devices=("0", "1"))


def test_what_was_measured_corrects_an_estimate_within_bounds(tmp_path: Path) -> None:
    facts, here = model(tmp_path / "llama", LLAMA_7B), replace(box(A100), stack="torch 2")
    plain = estimate(run(), facts, here, chats())

    def factor(predicted: float, allocated: float, seconds: float = 600.0) -> tuple[float, float]:
        pair = Pair("torch 2", A100.name, "sft", "lora", predicted, allocated, 300.0, seconds)
        spent = estimate(run(), facts, replace(here, measured=(pair,)), chats())
        return spent.factor, spent.pace

    assert factor(0.085, 0.135) == (1.0, 1.0)  # a tiny run: its fixed workspaces are most of it
    assert factor(20.0, 60.0)[0] == 1.3
    assert factor(20.0, 2.0)[0] == 0.85
    assert factor(20.0, 21.0) == (1.05, 2.0)
    assert factor(20.0, 21.0, seconds=25.0)[1] == 1.0  # most of it was the start of the libraries
    assert plain.factor == 1.0
