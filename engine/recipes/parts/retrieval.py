"""Retrieval, measured: whether the right passages are found, in every embedding size from one encoding."""

from collections import defaultdict
from typing import Any

import torch
from datasets import Dataset, concatenate_datasets
from sentence_transformers import SentenceTransformer

from engine.recipes.parts.cut import cut
from engine.recipes.parts.measured import Measured, embedded


class Retrieval(Measured):
    """Asks every test question against the distinct passages of training and test (Jarvelin & Kekalainen 2002)."""

    def __init__(self, train: Dataset, test: Dataset, sizes: tuple[int, ...], others: tuple[str, ...] = ()) -> None:
        """Take rows with `anchor` and `positive`; every passage that stands beside an equal question is relevant.

        `sizes` are the embedding sizes, the one that counts first; texts of the columns `others` are passages too.
        """
        best = sizes[0]
        single = ("mrr@10", "accuracy@1", "accuracy@10")
        names = [f"dim_{size}_cosine_ndcg@10" for size in sizes] + [f"dim_{best}_cosine_{name}" for name in single]
        super().__init__(dict.fromkeys(names, True))
        everything = concatenate_datasets([train, test])
        texts = [text for column in ("positive", *others) for text in everything[column]]
        self.sizes = sizes
        self.passages = list(dict.fromkeys(texts))
        self.questions = list(dict.fromkeys(test["anchor"]))
        self.place = {passage: index for index, passage in enumerate(self.passages)}
        relevant: dict[str, set[int]] = defaultdict(set)
        for question, passage in zip(everything["anchor"], everything["positive"], strict=True):
            relevant[question].add(self.place[passage])
        self.relevant = [relevant[question] for question in self.questions]

    def __call__(self, model: SentenceTransformer, *_: Any, **__: Any) -> dict[str, float]:
        """Return nDCG@10 for every size; for the one that counts MRR@10 and what is found at once, or among ten."""
        return self.measured(embedded(model, self.questions), embedded(model, self.passages, document=True))

    def measured(self, questions: torch.Tensor, passages: torch.Tensor) -> dict[str, float]:
        """Return the measures of (questions, width) among (passages, width)."""
        hits = {size: self.hits(cut(questions, size), cut(passages, size)) for size in self.sizes}
        found = hits[self.sizes[0]]
        places = [1 + row.index(True) if True in row else 0 for row in found]
        first = {
            "mrr@10": sum(1 / place for place in places if place) / len(places),
            "accuracy@1": places.count(1) / len(places),
            "accuracy@10": sum(place > 0 for place in places) / len(places),
        }
        ranked = {f"dim_{size}_cosine_ndcg@10": self.ndcg(rows) for size, rows in hits.items()}
        return ranked | {f"dim_{self.sizes[0]}_cosine_{name}": value for name, value in first.items()}

    def hits(self, questions: torch.Tensor, passages: torch.Tensor) -> list[list[bool]]:
        """Return for each question which of its ten nearest passages are right; (questions, size), (passages, size)."""
        found: list[list[bool]] = []
        for start in range(0, len(questions), 256):
            scores = questions[start : start + 256] @ passages.T
            for near in scores.topk(min(10, len(passages))).indices.tolist():
                relevant = self.relevant[len(found)]
                found.append([place in relevant for place in near])
        return found

    def ndcg(self, hits: list[list[bool]]) -> float:
        """Return the mean nDCG@10 of the questions."""
        discount = 1 / torch.log2(torch.arange(2, 12, dtype=torch.float64))
        total = 0.0
        for row, relevant in zip(hits, self.relevant, strict=True):
            gains = torch.tensor(row, dtype=torch.float64)
            total += float((gains * discount[: len(gains)]).sum() / discount[: min(len(relevant), 10)].sum())
        return total / len(hits)
