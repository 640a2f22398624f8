"""The hardest positive and negative of each text of a batch count (Hermans et al. 2017, arXiv:1703.07737)."""

from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import BatchHardTripletLoss, BatchHardTripletLossDistanceFunction
from sentence_transformers.sentence_transformer.training_args import BatchSamplers

from engine.recipes.parts.text_distance import DISTANCE
from engine.recipes.parts.triplet_margin import MARGIN


def batch_sampler() -> BatchSamplers:
    """Return how rows come together in a batch: two rows or more of each label in it, or there would be no triplet."""
    return BatchSamplers.GROUP_BY_LABEL


def make_loss(encoder: SentenceTransformer, train: Dataset) -> BatchHardTripletLoss:
    """Return the triplet loss over the hardest triplets."""
    distances = BatchHardTripletLossDistanceFunction
    metric = distances.cosine_distance if DISTANCE == "cosine" else distances.euclidean_distance
    return BatchHardTripletLoss(encoder, distance_metric=metric, margin=MARGIN)
