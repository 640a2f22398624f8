"""What all measurements of embeddings share: the names that they report, and the arithmetic of the training."""

from collections.abc import Sequence
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.evaluation import SentenceEvaluator

from engine.recipes.parts.reading import BATCH, PRECISION


class Measured(SentenceEvaluator):
    """A measurement that knows what it will report: names, and whether higher is better; the first picks the best."""

    def __init__(self, reported: dict[str, bool]) -> None:
        super().__init__()
        self.reported = reported
        self.primary_metric, self.greater_is_better = next(iter(reported.items()))


def embedded(model: SentenceTransformer, texts: Sequence[str], document: bool = False) -> torch.Tensor:
    """Return the embeddings (texts, width) of questions, or of documents; equal texts are embedded once."""
    distinct = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    options: dict[str, Any] = {"batch_size": BATCH, "convert_to_tensor": True, "show_progress_bar": True}
    with torch.autocast(model.device.type, getattr(torch, PRECISION), enabled=PRECISION != "float32"):
        encode = model.encode_document if document else model.encode_query
        vectors: torch.Tensor = encode(list(distinct), **options).float()
    return vectors[[distinct[text] for text in texts]]
