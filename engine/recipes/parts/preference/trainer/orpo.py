"""Imitate the better answer and prefer it at once: ORPO (Hong et al. 2024, arXiv:2403.07691)."""

from collections.abc import Sequence
from typing import Any

from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
from trl.experimental.orpo import ORPOConfig, ORPOTrainer

from engine.recipes.parts.arguments import arguments
from engine.recipes.parts.pair_batch import labelled
from engine.recipes.parts.pair_tokens import even_batches
from engine.recipes.parts.reading import BATCH, MAX_LENGTH
from engine.recipes.parts.trained_dtype.chosen import store_trained

BETA: float = 0.1  # weight of preferring beside imitating (lambda in the paper)


class PairTrainer(ORPOTrainer):
    """Takes rows that are tokens already."""

    def tokenize_row(self, feature: dict[str, list[int]], model: Any = None) -> dict[str, list[int]]:
        """Return a row as the collator wants it."""
        del model
        return labelled(feature)


def make_trainer(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: tuple[Dataset, Dataset],
    callbacks: Sequence[TrainerCallback],
) -> PairTrainer:
    """Return the trainer; it needs no reference and no supervised tuning before it."""
    model.eval()  # dropout rests until the training begins
    test, batch = even_batches(rows[1], BATCH)
    trainer = PairTrainer(
        model=model,
        args=ORPOConfig(
            **arguments() | {"per_device_eval_batch_size": batch, "remove_unused_columns": False},
            beta=BETA,
            disable_dropout=False,
            max_length=MAX_LENGTH,
            metric_for_best_model="eval_loss",
            greater_is_better=False,
        ),
        train_dataset=rows[0],
        eval_dataset=test,
        processing_class=tokenizer,
        callbacks=list(callbacks),
    )
    store_trained(trainer.model)
    return trainer
