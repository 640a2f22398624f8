"""No adapter: every weight of the embedding model is trained."""

import torch
from sentence_transformers import SentenceTransformer
from transformers import PreTrainedModel

from engine.recipes.parts.packed import refuse_packed


def adapt_body(body: PreTrainedModel) -> None:
    """Open the weights of the transformer to training."""
    refuse_packed(body)
    body.requires_grad_(True)


def adapt_encoder(encoder: SentenceTransformer) -> None:
    """Open all weights to training."""
    encoder.requires_grad_(True)
    adapt_body(encoder.transformers_model)


def saved_weights(encoder: SentenceTransformer) -> dict[str, torch.Tensor]:
    """Return all weights under the names that a checkpoint gives them."""
    return dict(encoder.transformers_model.state_dict())
