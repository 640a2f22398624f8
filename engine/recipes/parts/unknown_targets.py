"""Names of layers that a model does not have."""

from transformers import PreTrainedModel

from engine.recipes.parts.linear_layers import linear_layers


def unknown_targets(names: tuple[str, ...], model: PreTrainedModel) -> str:
    """Return a sentence about the names that no linear layer has or ends with, empty if there are none."""
    known = linear_layers(model)
    strange = [name for name in names if not any(f".{layer}".endswith(f".{name}") for layer in known)]
    shown = ", ".join(dict.fromkeys(layer.rpartition(".")[2] for layer in known))
    return (
        f"no linear layer of the model is called {' or '.join(strange)} (method.targets): take from {shown}"
        if strange
        else ""
    )
