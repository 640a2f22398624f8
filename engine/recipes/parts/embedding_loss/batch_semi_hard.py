"""Negatives count that are further away than the positive, not far enough (Schroff et al. 2015, arXiv:1503.03832)."""

from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import (
    BatchHardTripletLossDistanceFunction,
    BatchSemiHardTripletLoss,
)
from sentence_transformers.sentence_transformer.training_args import BatchSamplers

from engine.recipes.parts.text_distance import DISTANCE
from engine.recipes.parts.triplet_margin import MARGIN


def batch_sampler() -> BatchSamplers:
    """Return how rows come together in a batch: two rows or more of each label in it, or there would be no triplet."""
    return BatchSamplers.GROUP_BY_LABEL


def make_loss(encoder: SentenceTransformer, train: Dataset) -> BatchSemiHardTripletLoss:
    """Return the triplet loss over the semi-hard triplets."""
    distances = BatchHardTripletLossDistanceFunction
    metric = distances.cosine_distance if DISTANCE == "cosine" else distances.euclidean_distance
    return BatchSemiHardTripletLoss(encoder, distance_metric=metric, margin=MARGIN)
