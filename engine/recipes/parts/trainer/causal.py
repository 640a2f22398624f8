"""The trainer of a language model that continues texts."""

from collections.abc import Sequence
from typing import Any

from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase, Trainer, TrainerCallback
from trl import SFTConfig

from engine.recipes.parts.arguments import arguments
from engine.recipes.parts.evaluation.test_sets.one import PerplexityTrainer
from engine.recipes.parts.loss_kernel.chunked import kernel_arguments
from engine.recipes.parts.packing.none import packing_arguments
from engine.recipes.parts.reading import MAX_LENGTH
from engine.recipes.parts.retention.none import guard
from engine.recipes.parts.trained_dtype.chosen import store_trained


def make_trainer(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    train: Dataset,
    test: Any,
    callbacks: Sequence[TrainerCallback],
) -> Trainer:
    """Return the trainer; it keeps the checkpoint with the lowest loss on the test rows."""
    trainer = guard(PerplexityTrainer)(
        model=model,
        args=SFTConfig(
            **arguments(),
            **kernel_arguments(),
            max_length=MAX_LENGTH,
            **packing_arguments(),
            metric_for_best_model="eval_loss",
        ),
        train_dataset=train,
        eval_dataset=test,
        processing_class=tokenizer,
        callbacks=list(callbacks),
    )
    store_trained(trainer.model)
    return trainer
