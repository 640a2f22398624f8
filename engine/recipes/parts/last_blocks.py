"""Which weights of a model belong to its last blocks and to what stands on them."""

from torch import nn
from transformers import PreTrainedModel

from engine.recipes.parts.blocks import block_lists

LAST: int = 2  # how many of the last blocks train


def check_depth(model: PreTrainedModel) -> None:
    """Refuse to train more blocks than there are; the weights need not be loaded for that."""
    lists = block_lists(model)
    depth = len(list(lists.values())[-1]) if lists else 0
    if depth < LAST:
        raise ValueError(
            f"the model has {depth} blocks, and method.last asks for {LAST}: set it to {max(1, depth)} or less"
        )


def open_last_blocks(model: PreTrainedModel) -> None:
    """Open the last blocks, the norm after them and the head to training; of an encoder-decoder, those of the decoder.

    A head that shares its weights with the input embeddings stays frozen, or the lowest layer would move as well.
    """
    check_depth(model)
    model.requires_grad_(False)
    name, blocks = list(block_lists(model).items())[-1]
    blocks[-LAST:].requires_grad_(True)
    names = [other for other, _ in model.named_parameters()]
    above = names[max(place for place, other in enumerate(names) if other.startswith(f"{name}.")) + 1 :]
    for other, parameter in model.named_parameters():
        if other in above and "embed" not in other:
            parameter.requires_grad_(True)
    head: nn.Module | None = model.get_output_embeddings()
    if head is not None and head.weight is not model.get_input_embeddings().weight:
        head.requires_grad_(True)
