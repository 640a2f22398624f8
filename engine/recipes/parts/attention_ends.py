"""Where attention ends in each block of a transformer, found by structure, whatever its names."""

from transformers import PreTrainedModel

from engine.recipes.parts.linear_layers import attention_layers, linear_layers
from engine.recipes.parts.mlp_ends import width


def attention_ends(model: PreTrainedModel) -> list[str]:
    """Return the linear layer that ends each attention: the last one inside of it that is as wide as the model."""
    ends: dict[str, str] = {}
    inside, known = attention_layers(model), linear_layers(model)
    holders = [name for name, held in model.named_modules() if "attention" in type(held).__name__.lower()]
    for name in inside:
        outermost = next(holder for holder in holders if name.startswith(f"{holder}."))
        if width(known[name]) == model.config.hidden_size:
            ends[outermost] = name
    return list(ends.values())
