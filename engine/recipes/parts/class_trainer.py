"""The trainer of a classifier: a loss that may favour rare classes, and how many classes it tells right."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from datasets import Dataset
from torch import nn
from torch.nn import functional
from transformers import EvalPrediction, Trainer, TrainerCallback, TrainingArguments

from engine.recipes.parts.confusion import confusion
from engine.recipes.parts.retention.none import guard
from engine.recipes.parts.watched.none import watched

BEST: str = "macro_f1"  # the measure that picks the best checkpoint: macro_f1 or accuracy
CLASS_WEIGHTS: str = "equal"  # how much a row counts in the loss: equal, or balanced (more the rarer its class is)


def class_loss(labels: list[int], classes: int) -> Callable[..., torch.Tensor]:
    """Return the loss of a batch: cross-entropy, each row times rows / (classes x rows of its class) if balanced.

    It is a mean over all rows of one step of the weights: of what the models themselves return, that of an encoder is
    a mean over one batch, which a trainer adds up unscaled when it accumulates.
    """
    sizes = torch.bincount(torch.tensor(labels), minlength=classes)
    weights = len(labels) / (classes * sizes) if CLASS_WEIGHTS == "balanced" else torch.ones(classes)

    def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | None = None) -> torch.Tensor:
        logits = outputs["logits"].float()
        total = functional.cross_entropy(logits, labels, weight=weights.to(logits.device), reduction="sum")
        return total / (len(labels) if num_items_in_batch is None else num_items_in_batch)

    return loss


def likeliest(logits: Any, labels: torch.Tensor) -> torch.Tensor:
    """Return the class with the largest number; some models give more than their logits."""
    return (logits if isinstance(logits, torch.Tensor) else logits[0]).argmax(dim=-1).to(labels.dtype)


def make_trainer(
    model: nn.Module,
    rows: tuple[Dataset, Dataset],
    names: list[str],
    told: dict[str, Any],
    callbacks: Sequence[TrainerCallback],
    **more: Any,
) -> Trainer:
    """Return the trainer of a model that gives logits (rows, classes); `told` are its arguments, `more` the rest."""

    def judge(prediction: EvalPrediction) -> dict[str, float]:
        found = confusion(prediction.label_ids.tolist(), prediction.predictions.tolist(), len(names))
        return {name: found[name] for name in ("accuracy", "macro_f1")}

    return guard(watched(Trainer))(
        model=model,
        args=TrainingArguments(**told, metric_for_best_model=f"eval_{BEST}", greater_is_better=True),
        train_dataset=rows[0],
        eval_dataset=rows[1],
        compute_loss_func=class_loss(rows[0]["labels"], len(names)),
        compute_metrics=judge,
        preprocess_logits_for_metrics=likeliest,
        callbacks=list(callbacks),
        **more,
    )
