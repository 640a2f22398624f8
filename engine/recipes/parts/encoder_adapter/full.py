"""No adapter: every weight of the embedding model is trained."""

import torch
from sentence_transformers import SentenceTransformer


def adapt_encoder(encoder: SentenceTransformer) -> None:
    """Open all weights to training."""
    encoder.requires_grad_(True)


def saved_weights(encoder: SentenceTransformer) -> dict[str, torch.Tensor]:
    """Return all weights under the names that a checkpoint gives them."""
    return dict(encoder.transformers_model.state_dict())
