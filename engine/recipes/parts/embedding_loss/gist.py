"""The other texts of the batch are wrong answers, but for those that a guide finds closer than the right one
(Solatorio 2024, arXiv:2402.16829).
"""

from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import GISTEmbedLoss
from sentence_transformers.sentence_transformer.training_args import BatchSamplers

from engine.recipes.parts.guide_model import load_guide
from engine.recipes.parts.similarity_scale import SCALE


def batch_sampler() -> BatchSamplers:
    """Return how rows come together in a batch: no text twice, or it would be right and wrong at once."""
    return BatchSamplers.NO_DUPLICATES


def make_loss(encoder: SentenceTransformer, train: Dataset) -> GISTEmbedLoss:
    """Return the guided ranking loss."""
    return GISTEmbedLoss(encoder, load_guide(), temperature=1 / SCALE)
