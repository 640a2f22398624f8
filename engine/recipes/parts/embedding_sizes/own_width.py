"""Embeddings of the model's own width, and no others."""

from sentence_transformers import SentenceTransformer
from torch import nn

from engine.recipes.parts.embedding_width import embedding_width


def sizes() -> tuple[int, ...]:
    """Return the sizes to be measured."""
    return (embedding_width(),)


def at_every_size(encoder: SentenceTransformer, loss: nn.Module) -> nn.Module:
    """Return the loss as it is: the encoder gives embeddings of this size."""
    return loss
