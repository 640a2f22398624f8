"""What is measured with matches: whether pairs that belong together are more similar than the others."""

from itertools import groupby
from typing import Any

from datasets import Dataset
from sentence_transformers import SentenceTransformer
from torch import nn

from engine.recipes.parts.cut import cut
from engine.recipes.parts.measured import Measured, embedded


class Matches(Measured):
    """Average precision of the cosine similarity, and its accuracy at the threshold that suits best, for every size."""

    def __init__(self, test: Dataset, sizes: tuple[int, ...]) -> None:
        names = [f"dim_{size}_cosine_{kind}" for kind in ("ap", "accuracy") for size in sizes]
        super().__init__(dict.fromkeys(names, True))
        self.one, self.two, self.sizes = list(test["sentence1"]), list(test["sentence2"]), sizes
        self.labels = list(test["label"])

    def __call__(self, model: SentenceTransformer, *_: Any, **__: Any) -> dict[str, float]:
        """Return both measures for every size, under the library's names."""
        one, two = embedded(model, self.one), embedded(model, self.two)
        found = {}
        for size in self.sizes:
            near = (cut(one, size) * cut(two, size)).sum(dim=1).tolist()
            precision, accuracy = thresholds(near, self.labels)
            found[f"dim_{size}_cosine_ap"] = precision
            found[f"dim_{size}_cosine_accuracy"] = accuracy
        return found


def thresholds(near: list[float], labels: list[int]) -> tuple[float, float]:
    """Return average precision and best accuracy, going through every threshold of the similarity from above."""
    ordered = sorted(zip(near, labels, strict=True), reverse=True)
    taken = matches = 0
    precision, right = 0.0, labels.count(0)
    best = right
    for _, tied in groupby(ordered, key=lambda pair: pair[0]):
        found = [label for _, label in tied]
        taken, matches = taken + len(found), matches + sum(found)
        precision += sum(found) * matches / taken
        right += 2 * sum(found) - len(found)
        best = max(best, right)
    return precision / matches, best / len(labels)


def make_evaluator(rows: tuple[Dataset, Dataset], sizes: tuple[int, ...], loss: nn.Module) -> Matches:
    """Return the measurement of the test pairs."""
    return Matches(rows[1], sizes)
