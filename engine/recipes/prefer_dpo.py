"""Prefer the better of two answers: DPO (Rafailov et al. 2023, arXiv:2305.18290) and the losses of its family."""

import time
from collections.abc import Sequence
from typing import Any

from datasets import Dataset
from peft import PeftModel, TaskType
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
from trl import DPOConfig, DPOTrainer

from engine.recipes.parts.adapter.lora import adapt
from engine.recipes.parts.arguments import arguments
from engine.recipes.parts.begin import begin
from engine.recipes.parts.conversation import set_template
from engine.recipes.parts.first_asked import first_asked
from engine.recipes.parts.language_model.plain import load_model
from engine.recipes.parts.method_check import check_method
from engine.recipes.parts.noise import without_noise
from engine.recipes.parts.pair_tokens import even_batches, pair_tokens
from engine.recipes.parts.pairs.given import read_pairs
from engine.recipes.parts.phases import phase
from engine.recipes.parts.preferring import prefer
from engine.recipes.parts.reading import BATCH
from engine.recipes.parts.rewards import Rewards
from engine.recipes.parts.steady import keep_types, stored_types
from engine.recipes.parts.tokenizer import load_tokenizer
from engine.recipes.parts.truncated import tell_truncated

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
    stored = stored_types(model)
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
        callbacks=[Rewards(callbacks, relative=True), *callbacks],
    )
    if isinstance(model, PeftModel):
        model.delete_adapter("ref")  # a copy that the trainer makes; a new adapter that is off is the same
    keep_types(trainer, stored)
    return trainer


def main(callbacks: Sequence[TrainerCallback] = ()) -> dict[str, Any]:
    """Train, measure before and after, save the best model, and return the results."""
    started = time.time()
    begin()
    phase("data", callbacks)
    check_method(TaskType.CAUSAL_LM)
    tokenizer = load_tokenizer()
    set_template(tokenizer)
    train, test = read_pairs()
    rows = pair_tokens(train, tokenizer), pair_tokens(test, tokenizer)
    tell_truncated(callbacks)
    phase("model", callbacks)
    model = adapt(without_noise(load_model()), TaskType.CAUSAL_LM)
    trainer = make_trainer(model, tokenizer, rows, callbacks)
    return prefer(trainer, tokenizer, first_asked(test, tokenizer), callbacks, started)


if __name__ == "__main__":
    main()
