"""The trainer of embedding models for a loss with weights of its own, which are kept in every checkpoint.

The library trains such weights (a classifier, a decoder, a second encoder) but does not save them: after a stop its
moments would meet weights that were drawn anew.
"""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformerTrainer

from engine.recipes.parts.reading import PRECISION
from engine.recipes.parts.training.checkpoints import newest_checkpoint


class LossKeepingTrainer(SentenceTransformerTrainer):
    """Trains and keeps the weights of the loss beside those of the model."""

    def own_weights(self) -> dict[str, torch.nn.Parameter]:
        """Return what the loss trains and the model does not hold, by its name in the loss."""
        shared = {id(weight) for weight in self.model.parameters()}
        return {
            name: weight
            for name, weight in self.loss.named_parameters()
            if weight.requires_grad and id(weight) not in shared
        }

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Save the model, and the weights of the loss in a folder beside it, before the checkpoint counts as whole."""
        super().save_model(output_dir, _internal_call)
        folder = Path(output_dir or str(self.args.output_dir)) / "loss"
        folder.mkdir(exist_ok=True)
        kept = {name: weight.detach().contiguous() for name, weight in self.own_weights().items()}
        save_file(kept, folder / "weights.safetensors")

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return the loss; its own weights compute in the same arithmetic as the model."""
        with torch.autocast(self.args.device.type, getattr(torch, PRECISION), enabled=PRECISION != "float32"):
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)


def new_trainer(**options: Any) -> LossKeepingTrainer:
    """Return the trainer."""
    return LossKeepingTrainer(**options)


def take_up_loss(trainer: LossKeepingTrainer) -> None:
    """Give the loss of a resumed training the weights that it had."""
    if checkpoint := newest_checkpoint():
        kept = load_file(checkpoint / "loss" / "weights.safetensors")
        for name, weight in trainer.own_weights().items():
            weight.data.copy_(kept[name])
