"""The cells of the methods: each with its settings, and its script as a module whose functions a test can call."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from engine import document, script
from tests.training import values

CELLS: dict[str, dict[str, Any]] = {
    "full": {},
    "lora": {},
    "lora-rslora": {"rslora": True},
    "lora-dora": {"dora": True},
    "lora-gaussian": {"init": "gaussian"},
    "lora-orthogonal": {"init": "orthogonal"},
    "lora-pissa": {"init": "pissa"},
    "lora-olora": {"init": "olora"},
    "lora-attention": {"targets": "attention"},
    "lora-list": {"targets": ["q_proj", "down_proj"]},
    "lora-bf16": {"adapter_dtype": "bf16"},
    "qlora": {},
    "qlora-fp4": {"quant_type": "fp4", "double_quant": False},
    "qlora-dora": {"dora": True},
    "lora8": {},
    "lora8-dora": {"dora": True},
    "ia3": {},
    "ia3-list": {"targets": ["k_proj", "down_proj"]},
    "prefix": {},
    "prompt": {},
    "p_tuning": {},
    "bottleneck": {},
    "layers": {},
}
PROMPTS = ("prefix", "prompt", "p_tuning")
RATES = {"prompt": 0.3, "prefix": 1e-1, "ia3": 5e-2}
"""Rates at which ten steps are enough to be seen."""


def cell(name: str, goal: str, model: Path, folder: Path, **training: Any) -> dict[str, Any]:
    """The description of a cell's run."""
    kind = name.partition("-")[0]
    described = values(goal, kind, model, folder, **{"learning_rate": RATES.get(kind, 1e-2), **training})
    described["method"] |= CELLS[name]
    return described


def module_of(described: dict[str, Any], folder: Path) -> ModuleType:
    """The functions of the run's recipe and parts as one module, loaded by its path as the worker does it, and begun."""
    file = folder / "script" / "train.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(script.assemble(document.check(described), specialized=False))
    return load(file)


def load(file: Path) -> ModuleType:
    """A Python file as a module."""
    name = f"loaded_{abs(hash(str(file)))}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if hasattr(module, "begin"):
        module.begin()
    return module


def kept(model: nn.Module) -> dict[str, torch.Tensor]:
    """Copies of all weights by their names."""
    return {name: weight.detach().clone() for name, weight in model.named_parameters()}


def steps(model: nn.Module, loss_of: Any, rate: float, count: int = 4) -> None:
    """Take a few steps of AdamW with what is open to training."""
    optimizer = torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad], lr=rate)
    model.train()
    for _ in range(count):
        loss_of(model).backward()
        optimizer.step()
        optimizer.zero_grad()
    model.eval()


def trained_names(model: nn.Module) -> set[str]:
    """The names of the weights that are open to training."""
    return {name for name, weight in model.named_parameters() if weight.requires_grad}
