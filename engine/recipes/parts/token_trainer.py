"""A trainer of a causal language model whose losses are means over exactly the tokens that are learned."""

import math
from typing import Any

import torch
from torch.nn import functional
from transformers import Trainer
from transformers.trainer_utils import EvalLoopOutput

from engine.recipes.parts.predictions import predictions


class TokenTrainer(Trainer):
    """Sums over learned tokens, divided once: neither padding nor the size of a batch changes a token's weight."""

    def __init__(self, *given: Any, **named: Any) -> None:
        """Take what every trainer takes."""
        super().__init__(*given, **named)
        self.sums: dict[str, float] = {}

    def losses(self, logits: torch.Tensor, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return what is learned from each token, (n,): the cross-entropy."""
        return functional.cross_entropy(*predictions(logits, inputs["labels"]), reduction="none")

    def measures(self, logits: torch.Tensor, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return what is measured on each token, (n,) each, by name; `loss` is among them."""
        return {"loss": functional.cross_entropy(*predictions(logits, inputs["labels"]), reduction="none")}

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Return the loss per learned token, over all the batches of a step; measure when nothing is trained."""
        outputs = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"])
        if model.training:
            each = self.losses(outputs.logits, inputs)
        else:
            measured = self.measures(outputs.logits, inputs)
            each = measured["loss"]
            for name, values in [*measured.items(), ("tokens", torch.ones_like(each))]:
                self.sums[name] = self.sums.get(name, 0.0) + float(values.sum())
        loss = each.sum() / max(len(each) if num_items_in_batch is None else num_items_in_batch, 1)
        if num_items_in_batch is not None and self.args.average_tokens_across_devices:
            loss = loss * self.accelerator.num_processes
        return (loss, outputs) if return_outputs else loss

    def evaluation_loop(self, *given: Any, metric_key_prefix: str = "eval", **named: Any) -> EvalLoopOutput:
        """Evaluate; every measure is the mean over all learned tokens, and the perplexity is e to the loss."""
        self.sums.clear()
        done = super().evaluation_loop(*given, metric_key_prefix=metric_key_prefix, **named)
        tokens = max(self.sums.pop("tokens", 0), 1)
        means = {name: total / tokens for name, total in self.sums.items()}
        means["perplexity"] = math.exp(min(means["loss"], 700.0))
        done.metrics.update({f"{metric_key_prefix}_{name}": value for name, value in means.items()})
        return done
