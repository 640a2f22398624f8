"""Two copies of the model agree on each text, and on no other of the batch (Carlsson et al. 2021)."""

from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import ContrastiveTensionLossInBatchNegatives
from sentence_transformers.sentence_transformer.training_args import BatchSamplers

from engine.recipes.parts.similarity_scale import SCALE


def batch_sampler() -> BatchSamplers:
    """Return how rows come together in a batch: no text twice, or it would be right and wrong at once."""
    return BatchSamplers.NO_DUPLICATES


def make_loss(encoder: SentenceTransformer, train: Dataset) -> ContrastiveTensionLossInBatchNegatives:
    """Return the ranking loss between both copies; the second copy and the scale train with the first."""
    return ContrastiveTensionLossInBatchNegatives(encoder, scale=SCALE)
