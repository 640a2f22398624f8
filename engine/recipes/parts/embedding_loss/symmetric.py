"""Every other passage of the batch is wrong for a question, and every other question for a passage."""

from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.training_args import BatchSamplers

from engine.recipes.parts.similarity_scale import SCALE


def batch_sampler() -> BatchSamplers:
    """Return how rows come together in a batch: no text twice, or it would be right and wrong at once."""
    return BatchSamplers.NO_DUPLICATES


def make_loss(encoder: SentenceTransformer, train: Dataset) -> MultipleNegativesRankingLoss:
    """Return the mean of the ranking loss in both directions."""
    return MultipleNegativesRankingLoss(
        encoder, scale=SCALE, directions=("query_to_doc", "doc_to_query"), partition_mode="per_direction"
    )
