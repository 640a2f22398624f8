"""Several test sets, measured at once: the loss and the perplexity of each, and of the whole task."""

import math
from collections.abc import Iterable

from datasets import Dataset
from transformers import TrainerControl

from engine.recipes.parts.loss_kernel.chunked import KernelTrainer


def measures(tests: Iterable[str]) -> dict[str, bool]:
    """Return the names of all measures of these test sets, the whole task's first; none is better when it is higher.

    The test set without a name is the whole task; several tasks have one each, and the whole is their weighted mean.
    """
    prefixes = dict.fromkeys(["eval", *(f"eval_{name}" for name in tests if name)])
    return {f"{prefix}_{measure}": False for prefix in prefixes for measure in ("loss", "perplexity")}


class PerplexityTrainer(KernelTrainer):
    """A trainer whose every evaluation holds every test set: `eval_dataset` is a dict of them, by name."""

    shares: dict[str, float] | None = None
    """How much each task counts in the loss of the whole, where there are several."""

    def evaluate(
        self,
        eval_dataset: dict[str, Dataset] | None = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        """Return mean loss and perplexity per learned token, of all test sets in one evaluation."""
        losses: dict[str, float] = {}
        for name, rows in (eval_dataset or self.eval_dataset).items():
            prefix = f"{metric_key_prefix}_{name}" if name else metric_key_prefix
            loader = self.get_eval_dataloader(rows)
            found = self.evaluation_loop(loader, "Evaluation", True, ignore_keys, prefix)
            losses[prefix] = found.metrics[f"{prefix}_loss"]
        if metric_key_prefix not in losses:
            weighted = [losses[f"{metric_key_prefix}_{name}"] * share for name, share in (self.shares or {}).items()]
            losses = {metric_key_prefix: sum(weighted), **losses}
        metrics: dict[str, float] = {}
        for prefix, loss in losses.items():
            metrics |= {f"{prefix}_loss": loss, f"{prefix}_perplexity": math.exp(min(loss, 700.0))}
        self.log(metrics)
        self.control: TrainerControl = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics
