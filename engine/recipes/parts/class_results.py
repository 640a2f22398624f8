"""A classifier between two measurements: the untouched one's, and the best checkpoint's."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from datasets import Dataset
from transformers import Trainer, TrainerCallback

from engine.recipes.parts.class_samples import class_samples
from engine.recipes.parts.confusion import confusion, tables
from engine.recipes.parts.evaluation.best_checkpoint import check_best_loaded, measured_best
from engine.recipes.parts.results import compare, measured_once
from engine.recipes.parts.training.resume.trainer import train_from_checkpoint


def classes_said(trainer: Trainer) -> list[int]:
    """Return the class that the model says of every test row."""
    said: list[int] = trainer.predict(trainer.eval_dataset).predictions.tolist()
    return said


def before_and_after(
    trainer: Trainer,
    saved_weights: Callable[[], dict[str, torch.Tensor]],
    test: Dataset,
    names: list[str],
    callbacks: Sequence[TrainerCallback],
) -> dict[str, Any]:
    """Measure, train, and measure the best checkpoint; return `metrics`, `confusion` and `samples` of both."""
    before = measured_once("baseline.json", trainer.evaluate)
    first = measured_once("baseline_classes.json", lambda: classes_said(trainer))
    train_from_checkpoint(trainer)
    check_best_loaded(trainer.state.best_model_checkpoint, saved_weights())
    after, last = measured_best(trainer), classes_said(trainer)
    base, tuned = (confusion(test["label"], said, len(names)) for said in (first, last))
    higher = {"eval_accuracy": True, "eval_macro_f1": True, "eval_loss": False}
    higher |= {name: name.endswith("accuracy") for name in ("eval_keep_accuracy", "eval_keep_loss") if name in before}
    return {
        "metrics": compare(before, after, higher),
        "confusion": tables(base, tuned, names),
        "samples": class_samples(test, first, last, names),
    }
