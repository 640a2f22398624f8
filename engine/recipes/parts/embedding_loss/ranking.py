"""Every other passage of the batch is a wrong answer (Henderson et al. 2017, arXiv:1705.00652)."""

from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.training_args import BatchSamplers

from engine.recipes.parts.similarity_scale import SCALE


def batch_sampler() -> BatchSamplers:
    """Return how rows come together in a batch: no text twice, or it would be right and wrong at once."""
    return BatchSamplers.NO_DUPLICATES


def make_loss(encoder: SentenceTransformer, train: Dataset) -> MultipleNegativesRankingLoss:
    """Return the ranking loss over the passages of the batch, given negatives among them."""
    return MultipleNegativesRankingLoss(encoder, scale=SCALE)
