"""Where the MLP ends in each block of a transformer, found by structure, whatever its names."""

from typing import Any

from transformers import PreTrainedModel

from engine.recipes.parts.blocks import block_lists
from engine.recipes.parts.linear_layers import attention_layers, linear_layers


def width(layer: Any) -> int:
    """Return how many numbers a linear layer gives out; nf is what Conv1D calls it."""
    return int(layer.nf if hasattr(layer, "nf") else layer.out_features)


def mlp_ends(model: PreTrainedModel) -> list[str]:
    """Return the linear layer that ends the MLP of each block; a mixture of experts has no such layer."""
    inside, ends = set(attention_layers(model)), []
    for name, blocks in block_lists(model).items():
        for place, block in enumerate(blocks):
            layers = {f"{name}.{place}.{inner}": layer for inner, layer in linear_layers(block).items()}
            wide = [
                full
                for full, layer in layers.items()
                if full not in inside and width(layer) == model.config.hidden_size
            ]
            experts = any("expert" in type(held).__name__.lower() for held in block.modules())
            ends += [] if experts else wide[-1:]
    return ends
