"""A low-rank adapter in the type that the run names, whatever the frozen base is held in."""

import torch
from torch import nn

ADAPTER_DTYPE: str = "fp32"  # how the adapter's own weights are stored: fp32 or bf16


def store_trained(model: nn.Module) -> None:
    """Hold the adapter in its own type; TRL turns that of a packed model to bf16."""
    for weight in model.parameters():
        if weight.requires_grad:
            weight.data = weight.data.to(torch.bfloat16 if ADAPTER_DTYPE == "bf16" else torch.float32)
