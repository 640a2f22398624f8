"""What a trainer of comparisons must not change on its way: the types of the weights."""

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
