"""What is measured with classes of pairs: whether the loss's classifier names them from both embeddings."""

from typing import Any

import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from torch import nn

from engine.recipes.parts.measured import Measured, embedded


class Relations(Measured):
    """Accuracy of the classifier that trains with the model; before the training it guesses."""

    def __init__(self, test: Dataset, classifier: nn.Linear) -> None:
        super().__init__({"pair_accuracy": True})
        self.one, self.two, self.classifier = list(test["sentence1"]), list(test["sentence2"]), classifier
        self.labels = torch.tensor(list(test["label"]))

    def __call__(self, model: SentenceTransformer, *_: Any, **__: Any) -> dict[str, float]:
        """Return the share of pairs whose class is named."""
        one, two = embedded(model, self.one), embedded(model, self.two)
        with torch.no_grad():
            named = self.classifier(torch.cat([one, two, (one - two).abs()], dim=1)).argmax(dim=1)
        return {"pair_accuracy": float((named.cpu() == self.labels).double().mean())}


def make_evaluator(rows: tuple[Dataset, Dataset], sizes: tuple[int, ...], loss: nn.Module) -> Relations:
    """Return the measurement of the test pairs with the loss's own classifier."""
    classifier = loss.get_submodule("classifier")
    assert isinstance(classifier, nn.Linear)
    return Relations(rows[1], classifier)
