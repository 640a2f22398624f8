"""What is measured with triplets: whether an anchor finds its positive, and prefers it to the given negatives."""

from typing import Any

import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from torch import nn

from engine.recipes.parts.cut import cut
from engine.recipes.parts.measured import embedded
from engine.recipes.parts.retrieval import Retrieval


class Triplets(Retrieval):
    """Retrieval with the negatives among the passages, and the share of triplets that are the right way round."""

    def __init__(self, train: Dataset, test: Dataset, sizes: tuple[int, ...], negatives: tuple[str, ...]) -> None:
        super().__init__(train, test, sizes, negatives)
        self.reported |= {f"dim_{size}_cosine_accuracy": True for size in sizes}
        self.negatives = negatives
        self.rows = test

    def __call__(self, model: SentenceTransformer, *_: Any, **__: Any) -> dict[str, float]:
        """Return the measures of retrieval, and for every size the share of triplets whose positive is nearer."""
        anchors = embedded(model, self.rows["anchor"])
        positives = embedded(model, self.rows["positive"], document=True)
        negatives = [embedded(model, self.rows[name], document=True) for name in self.negatives]
        right = {
            f"dim_{size}_cosine_accuracy": preferred(
                cut(anchors, size), cut(positives, size), [cut(each, size) for each in negatives]
            )
            for size in self.sizes
        }
        return super().__call__(model) | right


def preferred(anchors: torch.Tensor, positives: torch.Tensor, negatives: list[torch.Tensor]) -> float:
    """Return the share of anchors whose positive is nearer than a negative, over all negatives."""
    near = (anchors * positives).sum(dim=1)
    return float(torch.stack([near > (anchors * each).sum(dim=1) for each in negatives]).double().mean())


def make_evaluator(rows: tuple[Dataset, Dataset], sizes: tuple[int, ...], loss: nn.Module) -> Triplets:
    """Return the measurement of the test triplets."""
    negatives = tuple(name for name in rows[1].column_names if name not in ("anchor", "positive"))
    return Triplets(*rows, sizes, negatives)
