"""What a trainer of comparisons must not change on its way: the types of the weights, and no noise in the base."""

from typing import Any

from torch import nn
from transformers import Trainer


def keep_types(trainer: Trainer, stored: dict[str, Any]) -> None:
    """Give the weights back their types: the trainers turn the adapters of packed models to bf16."""
    for name, parameter in trainer.model.named_parameters():
        parameter.data = parameter.data.to(stored[name])


def stored_types(model: nn.Module) -> dict[str, Any]:
    """Return the type of every weight; dropout rests until the training begins."""
    model.eval()
    return {name: parameter.dtype for name, parameter in model.named_parameters()}


def without_noise(model: nn.Module) -> nn.Module:
    """Return the model without its own dropout, whose noise would be taken for a distance; an adapter's comes later."""
    for layer in model.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
    return model
