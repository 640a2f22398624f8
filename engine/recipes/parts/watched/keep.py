"""What should be kept is measured with every evaluation of the task."""

from typing import Any

from datasets import Dataset
from transformers import Trainer
from transformers.trainer_utils import EvalLoopOutput


class Watched(Trainer):
    """Adds loss and accuracy on the kept rows: how much of what was right, or was said, still is."""

    measured: Dataset

    def evaluation_loop(self, *given: Any, metric_key_prefix: str = "eval", **named: Any) -> EvalLoopOutput:
        """Evaluate the task's rows, and then the kept ones."""
        done = super().evaluation_loop(*given, metric_key_prefix=metric_key_prefix, **named)
        if metric_key_prefix == "eval":
            loader = self.get_eval_dataloader(self.measured)
            kept = super().evaluation_loop(loader, "Kept", metric_key_prefix="eval_keep").metrics
            done.metrics.update({name: kept[name] for name in ("eval_keep_loss", "eval_keep_accuracy")})
        return done


def watched(trainer_class: type[Trainer]) -> type[Trainer]:
    """Return the trainer class with the second measurement."""
    return type("WatchedTrainer", (Watched, trainer_class), {})
