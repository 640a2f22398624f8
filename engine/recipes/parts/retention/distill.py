"""Learning without forgetting: on the keep set the model is held to what it said untouched (Li and Hoiem 2016)."""

from typing import Any

import torch
from torch import nn
from transformers import Trainer

from engine.recipes.parts.distance import kl
from engine.recipes.parts.holding import Holding
from engine.recipes.parts.scored.causal import scored
from engine.recipes.parts.untouched import without_prompt

KEEP_STRENGTH: float = 1.0  # weight of the divergence beside the task's loss
KEEP_BATCH: int = 4  # rows of the keep set beside every batch


class KeepDistilled(Holding):
    """Adds strength * KL(untouched || model), the mean over all that some rows of the keep set predict.

    The untouched model is the same model with its trained weights put back for a moment: no second copy of the rest.
    """

    step = turn = -1

    def next_rows(self) -> list[dict[str, Any]]:
        """Return the rows beside this batch: the keep set in turn, the same at the same step of a resumed run."""
        self.turn = self.turn + 1 if self.step == self.state.global_step else 0
        self.step = self.state.global_step
        first = (self.step * self.args.gradient_accumulation_steps + self.turn) * KEEP_BATCH
        return [self.held[(first + place) % len(self.held)] for place in range(KEEP_BATCH)]

    def exchange(self) -> None:
        """Exchange the trained weights for those of the start, and back again."""
        for name, weight in self.trained().items():
            weight.data, self.start[name] = self.start[name], weight.data

    def untouched(self, model: nn.Module, batch: dict[str, Any]) -> torch.Tensor:
        """Return what the untouched model says of a batch, without noise."""
        self.exchange()
        model.eval()
        with torch.no_grad(), without_prompt(self.model):
            logits, _ = scored(self.model, batch)
        model.train()
        self.exchange()
        return logits

    def penalty(self, model: nn.Module) -> torch.Tensor:
        """Return how far the model has come from what it said."""
        batch = self.batch_of(self.next_rows())
        before = self.untouched(model, batch)
        now, _ = scored(model, batch)
        return KEEP_STRENGTH * kl(before, now, 1.0).mean()


def guard(trainer_class: type[Trainer]) -> type[Trainer]:
    """Return the trainer class with the penalty."""
    return type("KeepDistilledTrainer", (KeepDistilled, trainer_class), {})
