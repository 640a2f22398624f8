"""All pairs of a batch are put in the order of their scores, by angle (Li and Li 2023, arXiv:2309.12871)."""

from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import AnglELoss
from sentence_transformers.sentence_transformer.training_args import BatchSamplers

from engine.recipes.parts.similarity_scale import SCALE


def batch_sampler() -> BatchSamplers:
    """Return how rows come together in a batch: at random."""
    return BatchSamplers.BATCH_SAMPLER


def make_loss(encoder: SentenceTransformer, train: Dataset) -> AnglELoss:
    """Return the ordering loss on angles in complex space."""
    return AnglELoss(encoder, scale=SCALE)
