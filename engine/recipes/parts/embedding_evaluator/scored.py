"""What is measured with scores: whether the similarities come in their order."""

from typing import Any

import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from torch import nn

from engine.recipes.parts.cut import cut
from engine.recipes.parts.measured import Measured, embedded


class Correlation(Measured):
    """Spearman's rank correlation, and Pearson's, of the cosine similarities with the scores, for every size."""

    def __init__(self, test: Dataset, sizes: tuple[int, ...]) -> None:
        names = [f"dim_{size}_{kind}_cosine" for kind in ("spearman", "pearson") for size in sizes]
        super().__init__(dict.fromkeys(names, True))
        self.one, self.two, self.sizes = list(test["sentence1"]), list(test["sentence2"]), sizes
        self.scores = torch.tensor(list(test["score"]), dtype=torch.float64)

    def __call__(self, model: SentenceTransformer, *_: Any, **__: Any) -> dict[str, float]:
        """Return both correlations for every size, under the library's names."""
        one, two = embedded(model, self.one), embedded(model, self.two)
        found = {}
        for size in self.sizes:
            near = (cut(one, size) * cut(two, size)).sum(dim=1).double().cpu()
            found[f"dim_{size}_spearman_cosine"] = correlation(ranks(self.scores), ranks(near))
            found[f"dim_{size}_pearson_cosine"] = correlation(self.scores, near)
        return found


def ranks(values: torch.Tensor) -> torch.Tensor:
    """Return the place of each value in their order; equal values share the mean of their places."""
    ordered = values.sort().values
    first, last = torch.searchsorted(ordered, values), torch.searchsorted(ordered, values, right=True)
    return (first + last + 1).double() / 2


def correlation(one: torch.Tensor, two: torch.Tensor) -> float:
    """Return Pearson's correlation; 0 where all values are equal."""
    return float(torch.corrcoef(torch.stack([one, two]))[0, 1].nan_to_num())


def make_evaluator(rows: tuple[Dataset, Dataset], sizes: tuple[int, ...], loss: nn.Module) -> Correlation:
    """Return the measurement of the scored test pairs."""
    return Correlation(rows[1], sizes)
