"""Elastic weight consolidation: weights that matter on the keep set are held (Kirkpatrick et al. 2017, 1612.00796)."""

import torch
from torch import nn
from torch.nn import functional
from tqdm import tqdm
from transformers import Trainer

from engine.recipes.parts.holding import Holding
from engine.recipes.parts.kept_tensors import computed_once
from engine.recipes.parts.scored.causal import scored

EWC_STRENGTH: float = 100.0  # how hard a weight is held, times its Fisher information on the keep set


class Ewc(Holding):
    """Adds strength / 2 * sum of F * (weight - start)^2.

    F is the diagonal of the Fisher information per prediction: the squared gradient of a row's log-likelihood, summed
    over the keep set and divided by all that it predicts (tokens, or classes). So strength / 2 * F * move^2 is, to
    second order, the divergence from the untouched model per prediction: strength has the same unit as a loss. On rows
    that the model wrote itself this is the true Fisher information, on a person's rows the empirical one.
    """

    def fisher(self) -> dict[str, torch.Tensor]:
        """Return F for every weight that trains, row by row."""
        trained = self.trained()
        found = {name: torch.zeros_like(weight, dtype=torch.float32) for name, weight in trained.items()}
        predicted = 0
        for row in tqdm(self.held, desc="measuring what matters", unit="row"):
            logits, wanted = scored(self.model, self.batch_of([row]))
            loss = functional.cross_entropy(logits, wanted, reduction="sum")
            gradients = torch.autograd.grad(loss, list(trained.values()), allow_unused=True)
            for name, gradient in zip(trained, gradients, strict=True):
                if gradient is not None:
                    found[name] += gradient.float().square()
            predicted += len(wanted)
        return {name: total / predicted for name, total in found.items()}

    def prepare(self) -> None:
        """Measure the Fisher information of the untouched model."""
        self.importance = computed_once("fisher", self.fisher, str(self.args.device))

    def penalty(self, model: nn.Module) -> torch.Tensor:
        """Return how far the weights that matter have moved."""
        moved = (
            (self.importance[name] * (weight - self.start[name]).float().square()).sum()
            for name, weight in self.trained().items()
        )
        return EWC_STRENGTH / 2 * torch.stack(list(moved)).sum()


def guard(trainer_class: type[Trainer]) -> type[Trainer]:
    """Return the trainer class with the penalty."""
    return type("EwcTrainer", (Ewc, trainer_class), {})
