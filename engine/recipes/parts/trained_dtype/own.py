"""What trains keeps the type in which the model is stored."""

from torch import nn


def store_trained(model: nn.Module) -> None:
    """Leave every weight as it is."""
