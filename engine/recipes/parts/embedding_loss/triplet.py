"""The negative must be further away than the positive by a margin (Schroff et al. 2015, arXiv:1503.03832)."""

from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import TripletDistanceMetric, TripletLoss
from sentence_transformers.sentence_transformer.training_args import BatchSamplers

from engine.recipes.parts.text_distance import DISTANCE
from engine.recipes.parts.triplet_margin import MARGIN


def batch_sampler() -> BatchSamplers:
    """Return how rows come together in a batch: at random."""
    return BatchSamplers.BATCH_SAMPLER


def make_loss(encoder: SentenceTransformer, train: Dataset) -> TripletLoss:
    """Return the triplet loss."""
    metric = TripletDistanceMetric.COSINE if DISTANCE == "cosine" else TripletDistanceMetric.EUCLIDEAN
    return TripletLoss(encoder, distance_metric=metric, triplet_margin=MARGIN)
