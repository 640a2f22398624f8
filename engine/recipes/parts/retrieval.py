"""Retrieval, measured: nDCG@10 of the right passages in every embedding size, from one encoding of the corpus."""

from collections import defaultdict
from typing import Any

import torch
from datasets import Dataset, concatenate_datasets
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.evaluation import SentenceEvaluator

from engine.recipes.parts.base import torch_dtype
from engine.recipes.parts.reading import BATCH, PRECISION

MATRYOSHKA: tuple[int, ...] = (384, 256, 128, 64, 32)  # embedding sizes, from the model's own width down


class Retrieval(SentenceEvaluator):
    """Asks every test question against the distinct passages of training and test (Jarvelin & Kekalainen 2002)."""

    def __init__(self, train: Dataset, test: Dataset) -> None:
        """Take rows with `anchor` and `positive`; every passage that stands beside an equal question is relevant."""
        super().__init__()
        everything = concatenate_datasets([train, test])
        self.passages = list(dict.fromkeys(everything["positive"]))
        self.questions = list(dict.fromkeys(test["anchor"]))
        place = {passage: index for index, passage in enumerate(self.passages)}
        relevant: dict[str, set[int]] = defaultdict(set)
        for question, passage in zip(everything["anchor"], everything["positive"], strict=True):
            relevant[question].add(place[passage])
        self.relevant = [relevant[question] for question in self.questions]

    def __call__(self, model: SentenceTransformer, *_: Any, **__: Any) -> dict[str, float]:
        """Return `dim_<d>_cosine_ndcg@10` for every size, in the training's arithmetic; cut first, then normalised."""
        options: dict[str, Any] = {"batch_size": BATCH, "convert_to_tensor": True, "show_progress_bar": True}
        with torch.autocast(model.device.type, torch_dtype(PRECISION), enabled=PRECISION != "fp32"):
            questions = model.encode_query(self.questions, **options).float()
            passages = model.encode_document(self.passages, **options).float()
        return {f"dim_{size}_cosine_ndcg@10": self.ndcg(questions[:, :size], passages[:, :size]) for size in MATRYOSHKA}

    def ndcg(self, questions: torch.Tensor, passages: torch.Tensor) -> float:
        """Return the mean nDCG@10 of (questions, size) against (passages, size)."""
        normalised = torch.nn.functional.normalize(passages, dim=1)
        discount = 1 / torch.log2(torch.arange(2, 12, dtype=torch.float64))
        total = 0.0
        for start in range(0, len(questions), 256):
            scores = torch.nn.functional.normalize(questions[start : start + 256], dim=1) @ normalised.T
            for row, found in enumerate(scores.topk(min(10, len(passages))).indices.tolist()):
                relevant = self.relevant[start + row]
                gains = torch.tensor([index in relevant for index in found], dtype=torch.float64)
                ideal = discount[: min(len(relevant), 10)].sum()
                total += float((gains * discount[: len(gains)]).sum() / ideal)
        return total / len(questions)
