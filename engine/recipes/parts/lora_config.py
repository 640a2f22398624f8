"""The shape of low-rank adapters (Hu et al. 2021, arXiv:2106.09685)."""

import torch
from peft import LoraConfig, TaskType
from torch import nn

RANK: int = 16  # capacity of the adapter: columns of its two thin matrices
ALPHA: int = 32  # strength of the adapter: its output is scaled by alpha / rank
DROPOUT: float = 0.05  # share of the adapter's inputs that is dropped while training
TARGETS: str | tuple[str, ...] = "all-linear"  # which layers get an adapter
ADAPTER_DTYPE: str = "fp32"  # how the adapter's own weights are stored: fp32 or bf16


def lora_config(task: TaskType) -> LoraConfig:
    """Return the description of the adapter."""
    return LoraConfig(
        task_type=task,
        r=RANK,
        lora_alpha=ALPHA,
        lora_dropout=DROPOUT,
        target_modules=TARGETS if isinstance(TARGETS, str) else list(TARGETS),
    )


def store_adapter(model: nn.Module) -> None:
    """Store what trains in the adapter's own type, whatever the base is stored in."""
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(torch.bfloat16 if ADAPTER_DTYPE == "bf16" else torch.float32)
