"""Prefer the better of two answers: DPO (Rafailov et al. 2023, arXiv:2305.18290) and the losses of its family."""

from collections.abc import Sequence
from typing import Any

from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
from trl import DPOConfig, DPOTrainer

from engine.recipes.parts.arguments import arguments
from engine.recipes.parts.language_model.plain import load_model
from engine.recipes.parts.noise import without_noise
from engine.recipes.parts.pair_tokens import even_batches
from engine.recipes.parts.preference.untouched_rewards import UntouchedRewards
from engine.recipes.parts.reading import BATCH
from engine.recipes.parts.trained_dtype.chosen import store_trained

LOSS: str = "sigmoid"  # the loss: sigmoid is DPO's own
BETA: float = 0.1  # how strongly the model is held to the reference; larger stays closer
LABEL_SMOOTHING: float = 0.0  # share of the preferences that are believed to be wrong
DISCOPOP_TAU: float = 0.05  # where the loss discopop turns from one shape into the other
REFERENCE: str = "once"  # the reference's log-probabilities: computed once before the training, or live in every step


class PairTrainer(DPOTrainer):
    """Takes rows that are tokens already."""

    def _prepare_dataset(self, dataset: Dataset, *_: Any) -> Dataset:
        return dataset


def make_trainer(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: tuple[Dataset, Dataset],
    callbacks: Sequence[TrainerCallback],
) -> PairTrainer:
    """Return the trainer; under an adapter the reference is the same model with the adapter off."""
    model.eval()  # dropout rests until the training begins
    test, batch = even_batches(rows[1], BATCH)
    second = REFERENCE == "live" and not isinstance(model, PeftModel)
    trainer = PairTrainer(
        model=model,
        ref_model=without_noise(load_model()).eval() if second else None,
        args=DPOConfig(
            **arguments() | {"per_device_eval_batch_size": batch},
            loss_type=LOSS,
            beta=BETA,
            label_smoothing=LABEL_SMOOTHING,
            discopop_tau=DISCOPOP_TAU,
            precompute_ref_log_probs=REFERENCE == "once",
            disable_dropout=False,
            max_length=None,
            metric_for_best_model="eval_loss",
            greater_is_better=False,
        ),
        train_dataset=rows[0],
        eval_dataset=test,
        processing_class=tokenizer,
        callbacks=[UntouchedRewards(), *callbacks],
    )
    if isinstance(model, PeftModel):
        model.delete_adapter("ref")  # a copy that the trainer makes; a new adapter that is off is the same
    store_trained(trainer.model)
    return trainer
