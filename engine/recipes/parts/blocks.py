"""The blocks of a transformer, found by structure, whatever their names."""

from torch import nn
from transformers import PreTrainedModel


def block_lists(model: PreTrainedModel) -> dict[str, nn.ModuleList]:
    """Return the lists of blocks by their names: one, or those of the encoder and of the decoder."""
    lists: dict[str, nn.ModuleList] = {}
    for name, held in model.named_modules():
        inner = any(name.startswith(f"{outer}.") for outer in lists)
        if isinstance(held, nn.ModuleList) and not inner and any(True for _ in held.parameters()):
            lists[name] = held
    return lists
