"""The guided ranking loss over a large batch, computed in small batches (Solatorio 2024, arXiv:2402.16829)."""

from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import CachedGISTEmbedLoss
from sentence_transformers.sentence_transformer.training_args import BatchSamplers

from engine.recipes.parts.guide_model import load_guide
from engine.recipes.parts.mini_batch import MINI_BATCH
from engine.recipes.parts.similarity_scale import SCALE


def batch_sampler() -> BatchSamplers:
    """Return how rows come together in a batch: no text twice, or it would be right and wrong at once."""
    return BatchSamplers.NO_DUPLICATES


def make_loss(encoder: SentenceTransformer, train: Dataset) -> CachedGISTEmbedLoss:
    """Return the guided ranking loss, whose gradients are cached."""
    return CachedGISTEmbedLoss(encoder, load_guide(), temperature=1 / SCALE, mini_batch_size=MINI_BATCH)
