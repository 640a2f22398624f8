"""Prefer the better of two answers without a reference: CPO (arXiv:2401.08417) and SimPO (arXiv:2405.14734)."""

from collections.abc import Sequence
from typing import Any

from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
from trl.experimental.cpo import CPOConfig, CPOTrainer

from engine.recipes.parts.arguments import arguments
from engine.recipes.parts.pair_batch import labelled
from engine.recipes.parts.pair_tokens import even_batches
from engine.recipes.parts.reading import BATCH, MAX_LENGTH
from engine.recipes.parts.trained_dtype.chosen import store_trained

LOSS: str = "sigmoid"  # cpo, or simpo, whose reward is the mean log-probability of a token
BETA: float = 0.1  # factor on the rewards: larger asks for a clearer difference
LABEL_SMOOTHING: float = 0.0  # share of the preferences that are believed to be wrong
GAMMA: float = 0.5  # margin by which simpo wants the better answer to win
CPO_ALPHA: float = 1.0  # weight of imitating the chosen answer beside preferring it


class PairTrainer(CPOTrainer):
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
    """Return the trainer; no reference is needed, since the reward is the log-probability itself."""
    model.eval()  # dropout rests until the training begins
    test, batch = even_batches(rows[1], BATCH)
    trainer = PairTrainer(
        model=model,
        args=CPOConfig(
            **arguments() | {"per_device_eval_batch_size": batch, "remove_unused_columns": False},
            loss_type="simpo" if LOSS == "simpo" else "sigmoid",
            beta=BETA,
            label_smoothing=LABEL_SMOOTHING,
            simpo_gamma=GAMMA,
            cpo_alpha=CPO_ALPHA,
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
