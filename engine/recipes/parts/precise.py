"""What trains is held in 32 bit, whatever the frozen base is held in: small moves would be rounded away."""

import torch
from torch import nn


def hold_precisely(model: nn.Module) -> None:
    """Hold what trains in 32 bit."""
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(torch.float32)
