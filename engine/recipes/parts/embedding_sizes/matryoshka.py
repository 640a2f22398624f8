"""Several embedding sizes at once: the first numbers of an embedding alone must do too (Kusupati et al. 2022)."""

from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import MatryoshkaLoss
from torch import nn

from engine.recipes.parts.embedding_width import embedding_width

MATRYOSHKA: tuple[int, ...] = (384, 256, 128, 64, 32)  # embedding sizes, from the model's own width down
BEST_DIMENSION: int = 384  # the embedding size whose measure picks the best checkpoint


def sizes() -> tuple[int, ...]:
    """Return the sizes to be measured, the one that picks the best checkpoint first; they begin with the own width."""
    width = embedding_width()
    if MATRYOSHKA[0] != width:
        raise ValueError(
            f"embedding sizes begin with the model's own width, which is {width}, but objective.matryoshka begins with "
            f"{MATRYOSHKA[0]}: the whole embedding would not be trained; put {width} first"
        )
    return (BEST_DIMENSION, *(size for size in MATRYOSHKA if size != BEST_DIMENSION))


def at_every_size(encoder: SentenceTransformer, loss: nn.Module) -> MatryoshkaLoss:
    """Return the sum of a loss over every size."""
    return MatryoshkaLoss(encoder, loss, matryoshka_dims=list(MATRYOSHKA))
