"""A classifier on both embeddings and their difference (Reimers and Gurevych 2019, arXiv:1908.10084)."""

from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import SoftmaxLoss
from sentence_transformers.sentence_transformer.training_args import BatchSamplers


def batch_sampler() -> BatchSamplers:
    """Return how rows come together in a batch: at random."""
    return BatchSamplers.BATCH_SAMPLER


def make_loss(encoder: SentenceTransformer, train: Dataset) -> SoftmaxLoss:
    """Return the cross-entropy of a new classifier over the classes of the training rows."""
    classes: list[str] = train.features["label"].names
    return SoftmaxLoss(encoder, encoder.get_embedding_dimension(), len(classes))
