"""Two copies of the model agree on equal texts and differ on others (Carlsson et al. 2021, Contrastive Tension)."""

from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import ContrastiveTensionLoss
from sentence_transformers.sentence_transformer.training_args import BatchSamplers


def batch_sampler() -> BatchSamplers:
    """Return how rows come together in a batch: at random."""
    return BatchSamplers.BATCH_SAMPLER


def make_loss(encoder: SentenceTransformer, train: Dataset) -> ContrastiveTensionLoss:
    """Return the cross-entropy of the dot products of both copies; the second copy trains with the first."""
    return ContrastiveTensionLoss(encoder)
