"""All pairs of a batch are put in the order of their scores (Su 2022, CoSENT)."""

from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import CoSENTLoss
from sentence_transformers.sentence_transformer.training_args import BatchSamplers

from engine.recipes.parts.similarity_scale import SCALE


def batch_sampler() -> BatchSamplers:
    """Return how rows come together in a batch: at random."""
    return BatchSamplers.BATCH_SAMPLER


def make_loss(encoder: SentenceTransformer, train: Dataset) -> CoSENTLoss:
    """Return the ordering loss on cosine similarities."""
    return CoSENTLoss(encoder, scale=SCALE)
