"""What is measured with classes: whether the nearest class, and the nearest text, are of the right one."""

from collections import defaultdict
from typing import Any

import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from torch import nn

from engine.recipes.parts.cut import cut
from engine.recipes.parts.measured import Measured, embedded


class Neighbours(Measured):
    """The share of test texts that the mean of a class, or the nearest text, of the training rows puts right."""

    def __init__(self, train: Dataset, test: Dataset, sizes: tuple[int, ...]) -> None:
        """Take the first 64 training texts of every class, which are enough to know its middle."""
        names = [f"dim_{size}_{kind}_accuracy" for kind in ("centroid", "neighbour") for size in sizes]
        super().__init__(dict.fromkeys(names, True))
        places: dict[int, list[int]] = defaultdict(list)
        for place, label in enumerate(train["label"]):
            places[label].append(place)
        known = train.select(sorted(place for found in places.values() for place in found[:64]))
        self.known, self.labels = list(known["text"]), torch.tensor(list(known["label"]))
        self.asked, self.wanted = list(test["text"]), torch.tensor(list(test["label"]))
        self.sizes, self.classes = sizes, torch.tensor(sorted(places))

    def __call__(self, model: SentenceTransformer, *_: Any, **__: Any) -> dict[str, float]:
        """Return both shares for every size, from one encoding."""
        known, asked = embedded(model, self.known), embedded(model, self.asked)
        found = {}
        for size in self.sizes:
            near, texts = cut(known, size), cut(asked, size)
            middles = torch.stack([near[self.labels == label].mean(dim=0) for label in self.classes])
            by_class = self.classes[(texts @ cut(middles, size).T).argmax(dim=1).cpu()]
            by_text = self.labels[(texts @ near.T).argmax(dim=1).cpu()]
            found[f"dim_{size}_centroid_accuracy"] = float((by_class == self.wanted).double().mean())
            found[f"dim_{size}_neighbour_accuracy"] = float((by_text == self.wanted).double().mean())
        return found


def make_evaluator(rows: tuple[Dataset, Dataset], sizes: tuple[int, ...], loss: nn.Module) -> Neighbours:
    """Return the measurement of the test texts among the training texts."""
    return Neighbours(*rows, sizes)
