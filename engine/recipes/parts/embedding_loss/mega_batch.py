"""Only the hardest wrong answer of a large batch counts (Wieting and Gimpel 2018, ParaNMT-50M)."""

from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import MegaBatchMarginLoss
from sentence_transformers.sentence_transformer.training_args import BatchSamplers

from engine.recipes.parts.mini_batch import MINI_BATCH

POSITIVE_MARGIN: float = 0.8  # similarity from which a right pair counts as learned
NEGATIVE_MARGIN: float = 0.3  # similarity below which a wrong pair counts as learned


def batch_sampler() -> BatchSamplers:
    """Return how rows come together in a batch: no text twice, or it would be right and wrong at once."""
    return BatchSamplers.NO_DUPLICATES


def make_loss(encoder: SentenceTransformer, train: Dataset) -> MegaBatchMarginLoss:
    """Return the margin loss against the hardest passage of the batch, whose gradients are cached."""
    return MegaBatchMarginLoss(
        encoder, positive_margin=POSITIVE_MARGIN, negative_margin=NEGATIVE_MARGIN, mini_batch_size=MINI_BATCH
    )
