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
        question = {text: place for place, text in enumerate(self.questions)}
        self.anchors = [question[text] for text in test["anchor"]]
        self.positives = [self.place[text] for text in test["positive"]]
        self.negatives = [[self.place[text] for text in test[name]] for name in negatives]

    def __call__(self, model: SentenceTransformer, *_: Any, **__: Any) -> dict[str, float]:
        """Return the measures of retrieval, and for every size the share of triplets whose positive is nearer."""
        questions, passages = embedded(model, self.questions), embedded(model, self.passages, document=True)
        right = {
            f"dim_{size}_cosine_accuracy": self.preferred(cut(questions, size), cut(passages, size))
            for size in self.sizes
        }
        return self.measured(questions, passages) | right

    def preferred(self, questions: torch.Tensor, passages: torch.Tensor) -> float:
        """Return the share of triplets whose positive is nearer than the negative, over all negatives."""
        anchors = questions[self.anchors]
        near = (anchors * passages[self.positives]).sum(dim=1)
        others = torch.stack([(anchors * passages[places]).sum(dim=1) for places in self.negatives])
        return float((near > others).double().mean())


def make_evaluator(rows: tuple[Dataset, Dataset], sizes: tuple[int, ...], loss: nn.Module) -> Triplets:
    """Return the measurement of the test triplets."""
    negatives = tuple(name for name in rows[1].column_names if name not in ("anchor", "positive"))
    return Triplets(*rows, sizes, negatives)
