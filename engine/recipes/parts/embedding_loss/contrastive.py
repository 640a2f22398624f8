"""Pairs that match are drawn together, the others pushed apart up to a margin (Hadsell et al. 2006)."""

from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import ContrastiveLoss, SiameseDistanceMetric
from sentence_transformers.sentence_transformer.training_args import BatchSamplers

from engine.recipes.parts.text_distance import DISTANCE
from engine.recipes.parts.triplet_margin import MARGIN


def batch_sampler() -> BatchSamplers:
    """Return how rows come together in a batch: at random."""
    return BatchSamplers.BATCH_SAMPLER


def make_loss(encoder: SentenceTransformer, train: Dataset) -> ContrastiveLoss:
    """Return the contrastive loss over all pairs."""
    metric = SiameseDistanceMetric.COSINE_DISTANCE if DISTANCE == "cosine" else SiameseDistanceMetric.EUCLIDEAN
    return ContrastiveLoss(encoder, distance_metric=metric, margin=MARGIN)
