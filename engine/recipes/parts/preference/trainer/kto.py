"""Learn from single answers marked good or bad: KTO (Ethayarajh et al. 2024, arXiv:2402.01306)."""

from collections.abc import Sequence
from typing import Any

import torch
from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
from trl import KTOConfig, KTOTrainer

from engine.recipes.parts.arguments import arguments
from engine.recipes.parts.language_model.plain import load_model
from engine.recipes.parts.noise import without_noise
from engine.recipes.parts.preference.untouched_rewards import UntouchedRewards
from engine.recipes.parts.trained_dtype.chosen import store_trained

LOSS: str = "sigmoid"  # kto, or apo_zero_unpaired, which needs no estimate of the drift
BETA: float = 0.1  # how strongly the model is held to the reference; larger stays closer
GOOD_WEIGHT: float = 1.0  # weight of the good answers; raise it when they are few
BAD_WEIGHT: float = 1.0  # weight of the bad answers; raise it when they are few
REFERENCE: str = "once"  # the reference's log-probabilities: computed once before the training, or live in every step


class VerdictTrainer(KTOTrainer):
    """Takes rows that are tokens already, and counts how often a reward has the sign of its verdict."""

    def __init__(self, **given: Any) -> None:
        """Take what the library's own trainer takes."""
        self.right: dict[bool, list[bool]] = {True: [], False: []}
        super().__init__(**given)

    def _prepare_dataset(self, dataset: Dataset, *_: Any) -> Dataset:
        return dataset

    def compute_loss(self, model: Any, inputs: dict[str, Any], *rest: Any, **named: Any) -> Any:
        """Return the library's loss, and keep whether each reward is positive for good and negative for bad."""
        seen: list[torch.Tensor] = []

        def note(_: Any, __: Any, asked: dict[str, Any], told: Any) -> None:
            if asked["input_ids"] is inputs["input_ids"]:  # not the shuffled answers that estimate the drift
                seen.append(told.log_probs[:, 1 - inputs["input_ids"].shape[1] :].sum(1).detach())

        models = [model, *([self.ref_model] if self.ref_model is not None else [])]
        hooks = [one.register_forward_hook(note, with_kwargs=True) for one in models]
        try:
            loss = super().compute_loss(model, inputs, *rest, **named)
        finally:
            for hook in hooks:
                hook.remove()
        rewards = seen[0] - (inputs["ref_logps"] if "ref_logps" in inputs else seen[1])
        self.right[self.model.training] += ((rewards > 0) == inputs["label"]).tolist()
        return loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the share of right signs to what is logged."""
        right, self.right[self.model.training] = self.right[self.model.training], []
        if right:
            logs[f"{'' if self.model.training else 'eval_'}rewards/accuracies"] = sum(right) / len(right)
        super().log(logs, start_time)


def make_trainer(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: tuple[Dataset, Dataset],
    callbacks: Sequence[TrainerCallback],
) -> VerdictTrainer:
    """Return the trainer; its batches keep their order, since the drift is estimated from neighbouring rows."""
    model.eval()  # dropout rests until the training begins
    second = REFERENCE == "live" and not isinstance(model, PeftModel)
    trainer = VerdictTrainer(
        model=model,
        ref_model=without_noise(load_model()).eval() if second else None,
        args=KTOConfig(
            **arguments(),
            loss_type="apo_zero_unpaired" if LOSS == "apo_zero_unpaired" else "kto",
            beta=BETA,
            desirable_weight=GOOD_WEIGHT,
            undesirable_weight=BAD_WEIGHT,
            precompute_ref_log_probs=REFERENCE == "once",
            disable_dropout=False,
            max_length=None,
            metric_for_best_model="eval_loss",
            greater_is_better=False,
        ),
        train_dataset=rows[0],
        eval_dataset=rows[1],
        processing_class=tokenizer,
        callbacks=[UntouchedRewards(), *callbacks],
    )
    if isinstance(model, PeftModel):
        model.delete_adapter("ref")  # a copy that the trainer makes; a new adapter that is off is the same
    store_trained(trainer.model)
    return trainer
