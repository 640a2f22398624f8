"""Synaptic intelligence: weights that moved the old loss are held (Zenke et al. 2017, 1703.04200).

In the paper a weight's importance is gathered while the old task is learned. A pretrained model comes without that
path, so a short one is walked here: one pass of Adam over the keep set, whose moves are taken back afterwards.
"""

import torch
from torch import nn
from torch.nn import functional
from transformers import Trainer

from engine.recipes.parts.arguments import LEARNING_RATE
from engine.recipes.parts.holding import Holding
from engine.recipes.parts.kept_tensors import computed_once
from engine.recipes.parts.scored.causal import scored

SI_STRENGTH: float = 1.0  # how hard a weight is held, times its importance along the way
SI_DAMPING: float = 0.1  # keeps weights that hardly moved from seeming important, in mean squared moves


class SynapticIntelligence(Holding):
    """Adds strength * sum of importance * (weight - start)^2.

    A weight's importance is its share of the path integral of the loss, -gradient * move summed over the pass, over
    its squared distance at the end plus the damping; what made the loss worse counts nothing.
    """

    def walked(self) -> dict[str, torch.Tensor]:
        """Return the importance of every weight that trains; the weights are where they were."""
        trained = self.trained()
        path = {name: torch.zeros_like(weight, dtype=torch.float32) for name, weight in trained.items()}
        walker = torch.optim.Adam(trained.values(), lr=LEARNING_RATE)
        size = self.args.per_device_train_batch_size
        for first in range(0, len(self.held), size):
            rows = [self.held[place] for place in range(first, min(first + size, len(self.held)))]
            loss = functional.cross_entropy(*scored(self.model, self.batch_of(rows)))
            gradients = torch.autograd.grad(loss, list(trained.values()), allow_unused=True)
            before = [weight.detach().clone() for weight in trained.values()]
            for weight, gradient in zip(trained.values(), gradients, strict=True):
                weight.grad = gradient
            walker.step()
            for (name, weight), gradient, came_from in zip(trained.items(), gradients, before, strict=True):
                if gradient is not None:
                    path[name] -= gradient.float() * (weight.detach() - came_from).float()
                weight.grad = None
        return self.weighed(path)

    def weighed(self, path: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return the importance that follows from the path, and take the moves back."""
        squared = {
            name: (weight.detach() - self.start[name]).float().square() for name, weight in self.trained().items()
        }
        count = sum(moves.numel() for moves in squared.values())
        damping = SI_DAMPING * sum(float(moves.sum()) for moves in squared.values()) / count
        for name, weight in self.trained().items():
            weight.data.copy_(self.start[name])
        return {name: path[name].clamp(min=0) / (moves + damping) for name, moves in squared.items()}

    def prepare(self) -> None:
        """Walk the path, once."""
        self.importance = computed_once("importance", self.walked, str(self.args.device))

    def penalty(self, model: nn.Module) -> torch.Tensor:
        """Return how far the weights that matter have moved."""
        moved = (
            (self.importance[name] * (weight - self.start[name]).float().square()).sum()
            for name, weight in self.trained().items()
        )
        return SI_STRENGTH * torch.stack(list(moved)).sum()


def guard(trainer_class: type[Trainer]) -> type[Trainer]:
    """Return the trainer class with the penalty."""
    return type("SynapticTrainer", (SynapticIntelligence, trainer_class), {})
