"""No adapter: the last blocks of an embedding model train, and everything below them is frozen."""

import torch
from sentence_transformers import SentenceTransformer
from transformers import PreTrainedModel

from engine.recipes.parts.last_blocks import open_last_blocks
from engine.recipes.parts.packed import refuse_packed


def adapt_body(body: PreTrainedModel) -> None:
    """Open the last blocks of the transformer to training; a pooler stays as it is, since nothing reads it."""
    refuse_packed(body)
    open_last_blocks(body)
    for name, parameter in body.named_parameters():
        if "pooler" in name:
            parameter.requires_grad_(False)


def adapt_encoder(encoder: SentenceTransformer) -> None:
    """Open the last blocks to training; layers that stand on the transformer train as well."""
    adapt_body(encoder.transformers_model)


def saved_weights(encoder: SentenceTransformer) -> dict[str, torch.Tensor]:
    """Return all weights under the names that a checkpoint gives them."""
    return dict(encoder.transformers_model.state_dict())
