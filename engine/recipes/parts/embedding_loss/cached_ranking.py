"""Every other passage of a large batch is a wrong answer, computed in small batches."""

from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import CachedMultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.training_args import BatchSamplers

from engine.recipes.parts.mini_batch import MINI_BATCH
from engine.recipes.parts.similarity_scale import SCALE


def batch_sampler() -> BatchSamplers:
    """Return how rows come together in a batch: no text twice, or it would be right and wrong at once."""
    return BatchSamplers.NO_DUPLICATES


def make_loss(encoder: SentenceTransformer, train: Dataset) -> CachedMultipleNegativesRankingLoss:
    """Return the ranking loss, whose gradients are cached."""
    return CachedMultipleNegativesRankingLoss(encoder, scale=SCALE, mini_batch_size=MINI_BATCH)
