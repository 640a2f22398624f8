"""Of the pairs of a batch only the hard ones count: matching ones far apart, others close together."""

from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import OnlineContrastiveLoss, SiameseDistanceMetric
from sentence_transformers.sentence_transformer.training_args import BatchSamplers

from engine.recipes.parts.text_distance import DISTANCE
from engine.recipes.parts.triplet_margin import MARGIN


def batch_sampler() -> BatchSamplers:
    """Return how rows come together in a batch: at random."""
    return BatchSamplers.BATCH_SAMPLER


def make_loss(encoder: SentenceTransformer, train: Dataset) -> OnlineContrastiveLoss:
    """Return the contrastive loss over the hard pairs."""
    metric = SiameseDistanceMetric.COSINE_DISTANCE if DISTANCE == "cosine" else SiameseDistanceMetric.EUCLIDEAN
    return OnlineContrastiveLoss(encoder, distance_metric=metric, margin=MARGIN)
