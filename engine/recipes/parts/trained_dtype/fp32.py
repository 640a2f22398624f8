"""What trains is held in 32 bit, whatever the frozen base is held in: small moves would be rounded away."""

from torch import nn


def store_trained(model: nn.Module) -> None:
    """Hold what trains in 32 bit."""
    for weight in model.parameters():
        if weight.requires_grad:
            weight.data = weight.data.float()
