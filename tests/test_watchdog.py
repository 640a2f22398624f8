"""Planted failures: each is found with its cause, and the same training without the fault is silent."""

import os
import re
import shutil
import time
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from tests.fake_nvml import FakeNvml, install, t4, uuid
from tests.forge import forge
from tests.training import values

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
FAULTS = {
    "loss_not_finite": "look at these rows",
    "loss_is_zero": "see which part of a row is learned",
    "learning_rate_is_zero": "training.schedule",
    "not_learning": "training.learning_rate",
    "loss_spike": "look at these rows",
    "overfitting": "keep the best checkpoint",
    "no_gradient": "not connected",
    "gradient": "does not depend on what trains",
    "weights_still": "whether the optimizer holds them",
    "frozen_moved": "the base is no longer the base",
    "adapters_at_zero": "beside the adapters",
    "slower": "nvidia-smi",
    "starved": "dataloader_num_workers",
    "disk": "make room now",
}
"""What is planted, and what the advice says of it."""


def train(tmp_path: Path, fault: str) -> dict[str, Any]:
    """Train a small regression with one fault, and return the findings by their codes, with their steps."""
    import torch
    from torch.utils.data import Dataset
    from transformers import Trainer, TrainerCallback, TrainingArguments

    from engine.worker.watchdog.watcher import Watcher

    torch.manual_seed(0)
    truth = torch.randn(4)

    class Rows(Dataset):  # type: ignore[type-arg]
        def __init__(self, count: int, noise: float) -> None:
            self.inputs = torch.randn(8, 4).repeat(count // 8, 1) if fault == "not_learning" else torch.randn(count, 4)
            self.targets = self.inputs @ truth + (fault != "not_learning") * noise * torch.randn(count)

        def __len__(self) -> int:
            return len(self.inputs)

        def __getitem__(self, index: int) -> dict[str, Any]:
            far = 1e4 if fault == "loss_spike" and index == 8 * 50 else 1.0
            hole = float("nan") if fault == "loss_not_finite" and index == 8 * 30 else 1.0
            if fault == "starved":
                time.sleep(0.01)
            label = -100 if fault == "loss_is_zero" else 1
            target = self.targets[index] * far * hole
            return {"inputs": self.inputs[index], "targets": target, "labels": torch.tensor([label])}

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            wide = 256 if fault == "overfitting" else 1
            self.frozen = torch.nn.Linear(4, 4)
            self.frozen.requires_grad_(False)
            self.first = torch.nn.Linear(4, wide)
            self.last = torch.nn.Linear(wide, 1)
            self.adapter = torch.nn.ModuleDict({"lora_B": torch.nn.utils.skip_init(torch.nn.Linear, 4, 1, bias=False)})
            torch.nn.init.zeros_(self.adapter["lora_B"].weight)
            self.adapter.requires_grad_(fault == "adapters_at_zero")

        def forward(self, inputs: Any, targets: Any, labels: Any) -> dict[str, Any]:
            said = self.last(torch.relu(self.first(inputs)) if fault == "overfitting" else self.first(inputs)).squeeze(
                1
            )
            loss = ((said - targets) ** 2).mean()
            learned = (labels != -100).float().mean()
            if fault == "gradient":
                loss = loss * 0 + 1.0
            if fault == "no_gradient":
                loss = (inputs.requires_grad_() ** 2).mean()
            return {"loss": loss * learned, "logits": said.detach()}

    class Saboteur(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            if fault == "frozen_moved" and state.global_step == 3:
                model.frozen.weight.data += 1
            if fault == "slower" and state.global_step > 40:
                time.sleep(0.2)

    found: dict[str, Any] = {}
    model = Model()
    overfits = fault == "overfitting"
    held = [torch.nn.Parameter(parameter.detach().clone()) for parameter in model.parameters()]
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(tmp_path), use_cpu=True, report_to="none", disable_tqdm=True, logging_steps=1, seed=1,
            per_device_train_batch_size=8, max_steps={"overfitting": 200, "slower": 60, "starved": 30}.get(fault, 80), lr_scheduler_type="constant",
            learning_rate={"learning_rate_is_zero": 0.0, "not_learning": 1e-9, "overfitting": 2e-2}.get(fault, 3e-2),
            eval_strategy="steps", eval_steps=20, save_strategy="steps", save_steps=40, logging_nan_inf_filter=False,
            train_sampling_strategy="sequential",
        ),
        train_dataset=Rows(16 if overfits else 8 * 80, 2.0 if overfits else 0.1),
        eval_dataset=Rows(64, 2.0 if overfits else 0.1),
        callbacks=[Saboteur(), Watcher(lambda finding, step: found.update({finding.code: (step, finding)}))],
        optimizers=(torch.optim.SGD(held, lr=0.1), None) if fault == "weights_still" else (None, None),
    )  # fmt: skip
    trainer.train()
    return found


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_failure_is_found_with_its_cause(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if fault == "disk":
        usage = namedtuple("usage", "total used free")
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100, 99, 1))
    found = train(tmp_path, fault)
    assert fault in found, found
    step, finding = found[fault]
    assert FAULTS[fault] in finding.advice
    soon = {
        "loss_not_finite": 31,
        "loss_spike": 51,
        "frozen_moved": 5,
        "weights_still": 5,
        "gradient": 2,
        "no_gradient": 1,
        "adapters_at_zero": 5,
        "starved": 22,
    }
    assert step <= soon.get(fault, 200)


def test_the_same_training_without_a_fault_is_silent(tmp_path: Path) -> None:
    found = train(tmp_path, "none")
    assert set(found) <= {"slower"}, found  # another process may really slow it down


def test_a_loss_that_climbs_to_infinity_is_laid_to_the_learning_rate() -> None:
    from engine.worker.watchdog.curves import NotFinite
    from engine.worker.watchdog.finding import Sight

    class Args:
        fp16 = False

    import torch

    broken = torch.nn.Linear(2, 2)
    broken.weight.data[0, 0] = float("inf")
    check, sight = NotFinite(), Sight(broken, Args(), None)
    for step, loss in enumerate((2.0, 3.0, 9.0, 80.0), 1):
        assert check.logged(sight, step, {"loss": loss}) is None
    finding = check.logged(sight, 5, {"loss": float("nan")})
    assert finding is not None
    assert "climbed from 2 to 80" in finding.message
    assert "first tensor that is not finite is the weight weight" in finding.message
    assert "training.learning_rate" in finding.advice


@pytest.mark.parametrize(
    ("goal", "method"),
    [("sft", kind) for kind in ("full", "lora", "qlora", "lora8", "ia3", "prefix", "p_tuning", "bottleneck", "layers")]
    + [("embed", kind) for kind in ("full", "lora", "layers")],
)
def test_a_healthy_run_is_silent_and_proves_that_it_learned(
    goal: str, method: str, llama: Path, bert: Path, tmp_path: Path
) -> None:
    rates = {"ia3": 1e-2, "prefix": 1e-2, "p_tuning": 3e-3, "full": 2e-3}
    described = values(goal, method, bert if goal == "embed" else llama, tmp_path, epochs=4)
    described["training"]["learning_rate"] = rates.get(method, 5e-3)
    _, known = forge(described, tmp_path / "runs")
    slight = {"slower"} | (
        {"same_answers"} if method in rates and method != "full" else set()
    )  # so little learns little
    assert [warning for warning in known.warnings if warning["code"] not in slight] == []
    proof = known.finished["proof"]
    assert proof["tensors"] * 0.9 < proof["moved"] <= proof["tensors"]  # an encoder's pooler is not asked for anything
    assert proof["differ"] > 0 or goal == "embed" or "same_answers" in slight


@pytest.mark.parametrize(
    ("method", "rate", "codes"), [("full", 1e-12, {"weights_still", "nothing_moved"}), ("lora", 1e-9, {"same_answers"})]
)
def test_a_run_that_learned_nothing_is_told_at_its_end(
    method: str, rate: float, codes: set[str], llama: Path, tmp_path: Path
) -> None:
    described = values("sft", method, llama, tmp_path)
    described["training"]["learning_rate"] = rate
    _, known = forge(described, tmp_path / "runs")
    assert {warning["code"] for warning in known.warnings} - {"slower"} == codes


@pytest.mark.parametrize(
    ("held", "users", "told"),
    [
        (0, [], []),
        (0x40, [], ["card 0 is at 71 degrees Celsius and lowers its clock"]),
        (0x80, [(7, 100)], ["card 0 gets too little power and lowers its clock", "card 0 is shared with process 7"]),
        (0x4, [(os.getpid(), 100)], []),  # a limit of power that its owner set, and our own process
    ],
)
def test_what_slows_a_card_is_named(
    held: int, users: list[tuple[int, int]], told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.worker import hardware

    card = t4(users=users, throttled=held)
    install(monkeypatch, FakeNvml(card))
    assert list(hardware.card_troubles(card.uuid, 0)) == told


def test_a_card_that_is_gone_slows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.worker import hardware

    install(monkeypatch, "lost")
    assert list(hardware.card_troubles(uuid(1), 0)) == []


def test_every_code_is_documented() -> None:
    said = re.compile(r'(?:(?:Finding|warn|on_warning|self\.say)\(\s*|"warning", code=)"([a-z_]+)"')
    files = [*(ROOT / "engine" / "worker").rglob("*.py"), *(ROOT / "engine" / "recipes").rglob("*.py")]
    codes = {code for file in files for code in said.findall(file.read_text())}
    documented = set(re.findall(r"^\| `([a-z_]+)` \|", (ROOT / "docs" / "warnings.md").read_text(), re.M))
    assert len(codes) > 15
    assert codes == documented
