"""One test set: its loss and its perplexity."""

import math
from typing import Any

from datasets import Dataset

from engine.recipes.parts.loss_kernel.chunked import KernelTrainer


class PerplexityTrainer(KernelTrainer):
    """Puts the perplexity, which is e to the loss, beside the loss of every evaluation."""

    def log(self, logs: dict[str, float], *given: Any) -> None:
        """Add it to what is logged and to what an evaluation returns, which is the same dict."""
        if "eval_loss" in logs:
            logs["eval_perplexity"] = math.exp(min(logs["eval_loss"], 700.0))
        super().log(logs, *given)


def measures(_: Dataset) -> dict[str, bool]:
    """Return the names of all measures; none is better when it is higher."""
    return {"eval_loss": False, "eval_perplexity": False}
