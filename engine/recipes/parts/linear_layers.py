"""The linear layers of a model, found by what they are and by what holds them, whatever their names."""

from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D


def linear_layers(model: PreTrainedModel) -> dict[str, nn.Module]:
    """Return the linear layers by their names; those of GPT-2 are called Conv1D."""
    return {name: layer for name, layer in model.named_modules() if isinstance(layer, (nn.Linear, Conv1D))}


def attention_layers(model: PreTrainedModel) -> list[str]:
    """Return the names of the linear layers inside of an attention: one of their holders is called so."""
    holders = tuple(f"{name}." for name, held in model.named_modules() if "attention" in type(held).__name__.lower())
    return [name for name in linear_layers(model) if name.startswith(holders)]
