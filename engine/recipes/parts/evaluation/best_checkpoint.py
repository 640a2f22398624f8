"""The best checkpoint: prove that it is what was loaded, and tell how it measured."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import Trainer


def check_best_loaded(checkpoint: str | None, weights: dict[str, torch.Tensor]) -> None:
    """Compare the weights in memory with the best checkpoint's: the trainers only log a failure to load it."""
    if checkpoint is None:
        return
    same = [
        name in weights and torch.equal(saved, weights[name].detach().cpu())
        for file in Path(checkpoint).glob("*.safetensors")
        for name, saved in load_file(file).items()
    ]
    if not same or not all(same):
        raise RuntimeError(f"the best checkpoint {checkpoint} was not loaded")


def measured_best(trainer: Trainer) -> dict[str, float]:
    """Return the evaluation of the weights in memory; one that was not evaluated yet is measured now."""
    best = trainer.state.best_model_checkpoint
    step = int(Path(best).name.split("-")[-1]) if best else trainer.state.global_step
    for entry in trainer.state.log_history:
        if entry["step"] == step and {"eval_loss", "eval_reward"} & entry.keys():
            return dict(entry)
    return dict(trainer.evaluate())
