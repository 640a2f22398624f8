"""The cosine similarity of two texts shall equal their score (Reimers and Gurevych 2019, arXiv:1908.10084)."""

from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss
from sentence_transformers.sentence_transformer.training_args import BatchSamplers


def batch_sampler() -> BatchSamplers:
    """Return how rows come together in a batch: at random."""
    return BatchSamplers.BATCH_SAMPLER


def make_loss(encoder: SentenceTransformer, train: Dataset) -> CosineSimilarityLoss:
    """Return the squared error of the cosine similarity."""
    return CosineSimilarityLoss(encoder)
