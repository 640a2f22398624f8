"""A loss with a second term, which holds a model to what it could do before."""

from typing import Any

import torch
from datasets import Dataset
from torch import nn
from transformers import Trainer


def still(model: nn.Module) -> None:
    """Switch off all noise, but go on computing activations twice where the training does so to save memory."""
    model.eval()
    for part in model.modules():
        if getattr(part, "gradient_checkpointing", False):
            part.training = True


class Holding(Trainer):
    """What every guard with a penalty has: where the weights began, and the rows of the keep set to hold it by."""

    held: Dataset

    def trained(self) -> dict[str, nn.Parameter]:
        """Return the weights that train."""
        return {name: weight for name, weight in self.model.named_parameters() if weight.requires_grad}

    def batch_of(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """Return rows as the model reads them, where the model is; packed ones come with plain numbers as well."""
        batch = self.data_collator(rows).items()
        return {name: each.to(self.args.device) if isinstance(each, torch.Tensor) else each for name, each in batch}

    def prepare(self) -> None:
        """Measure what the penalty needs; the weights are still untouched."""

    def penalty(self, model: nn.Module) -> torch.Tensor:
        """Return what is added to the task's loss."""
        return torch.zeros((), device=self.args.device)

    def train(self, *given: Any, **named: Any) -> Any:
        """Look at the untouched weights, then train as ever; a resumed run loads its checkpoint after that."""
        self.start = {name: weight.detach().clone() for name, weight in self.trained().items()}
        self.told: list[torch.Tensor] = []
        if self.args.gradient_checkpointing:
            self.model.gradient_checkpointing_enable(self.args.gradient_checkpointing_kwargs)
        still(self.model)
        with self.compute_loss_context_manager():
            self.prepare()
        return super().train(*given, **named)

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Return the task's loss, and in training the penalty added to it once per step of the weights."""
        extra = self.penalty(model) if model.training else None
        found = super().compute_loss(model, inputs, return_outputs, num_items_in_batch)  # outputs may cost a pass more
        loss = found[0] if return_outputs else found
        if extra is not None:
            self.told.append(extra.detach())
            summed = self.loss_is_scaled_for_ga
            if summed is None:
                summed = (self.model_accepts_loss_kwargs and num_items_in_batch is not None) or self.compute_loss_func
            loss = loss + extra / (self.current_gradient_accumulation_steps if summed else 1)
        return (loss, found[1]) if return_outputs else loss

    def log(self, logs: dict[str, float], *given: Any) -> None:
        """Put the penalty beside the loss that holds it."""
        if "loss" in logs and self.told:
            logs["penalty"] = float(torch.stack(self.told).mean())
            self.told.clear()
        super().log(logs, *given)
