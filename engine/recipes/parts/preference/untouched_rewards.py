"""The rewards of the untouched model, which is its own reference."""

from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments


class UntouchedRewards(TrainerCallback):
    """Sets the rewards before the first step to what they are: zero, and a tie between any two answers."""

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float],
        **_: Any,
    ) -> None:
        """Replace rounding noise, of which an accuracy of 0 or 1 would be made."""
        if state.global_step == 0:
            for name in metrics:
                if name.startswith("eval_rewards/"):
                    metrics[name] = 0.5 if name.endswith("accuracies") else 0.0
