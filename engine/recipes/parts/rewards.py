"""The rewards of good and bad answers, watched: an untouched model has none, and both falling is said."""

from collections.abc import Sequence
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from engine.recipes.parts.warnings import warn


class Rewards(TrainerCallback):
    """Puts the baseline right, and says once when chosen and rejected answers both become less likely."""

    def __init__(self, callbacks: Sequence[TrainerCallback], relative: bool) -> None:
        """Tell `callbacks`; `relative` rewards are measured from a reference, which the untouched model is itself."""
        self.callbacks = callbacks
        self.relative = relative
        self.first: dict[str, float] = {}
        self.last: dict[str, float] = {}
        self.said = False

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float],
        **_: Any,
    ) -> None:
        """Set the rewards of the untouched model, or compare them with those before."""
        if not state.global_step and self.relative:
            metrics.update(untouched(metrics))
        now = {name: value for name, value in metrics.items() if name.startswith("eval_rewards/")}
        self.first = self.first or now
        if self.last and not self.said and both_fall(self.first, self.last, now):
            self.said = True
            chosen, rejected = now["eval_rewards/chosen"], now["eval_rewards/rejected"]
            warn(
                "rewards_fall",
                f"step {state.global_step}: the rewards of chosen ({chosen:.3f}) and rejected ({rejected:.3f}) answers "
                "are both falling: both become less likely, the rejected ones faster",
                "the loss asks for a margin alone, so this is common (trl#800); if the answers get worse, raise "
                "objective.beta, lower training.learning_rate, or tune on the chosen answers first",
                self.callbacks,
            )
        self.last = now


def untouched(metrics: dict[str, float]) -> dict[str, float]:
    """Return the rewards of a model against itself: none, and a tie between any two answers, which counts half."""
    tie = {"eval_rewards/accuracies": 0.5}
    return {name: tie.get(name, 0.0) for name in metrics if name.startswith("eval_rewards/")}


def both_fall(first: dict[str, float], last: dict[str, float], now: dict[str, float]) -> bool:
    """Return whether both rewards fell again, the chosen one by more than a tenth of what the margin gained."""
    names = ("eval_rewards/chosen", "eval_rewards/rejected")
    if not all(name in values for name in names for values in (first, last, now)):
        return False
    falling = all(now[name] < min(last[name], first[name]) for name in names)
    lost = [first[name] - now[name] for name in names]
    return falling and lost[0] > 0.1 * abs(lost[1] - lost[0])
