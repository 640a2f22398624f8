"""The best checkpoint: prove that it is what was loaded, and tell how it measured."""

from pathlib import Path

import torch
from safetensors import safe_open
from transformers import Trainer


def check_best_loaded(checkpoint: str | None, weights: dict[str, torch.Tensor]) -> None:
    """Compare the weights in memory with the best checkpoint's files: the trainers swallow a failure to load it."""
    if checkpoint is None:
        return
    compared = 0
    for file in Path(checkpoint).glob("*.safetensors"):
        with safe_open(file, "pt") as saved:
            names: list[str] = list(saved.keys())
            for name in names:
                compared += 1
                if name not in weights or not torch.equal(saved.get_tensor(name), weights[name].detach().cpu()):
                    raise RuntimeError(f"the best checkpoint {checkpoint} was not loaded: {name} differs")
    if not compared:
        raise RuntimeError(f"the best checkpoint {checkpoint} holds no weights")


def best_step(trainer: Trainer) -> int:
    """Return the step whose weights are in memory at the end: the best checkpoint's, or the last one's."""
    checkpoint = trainer.state.best_model_checkpoint
    return int(Path(checkpoint).name.split("-")[-1]) if checkpoint else int(trainer.state.global_step)


def measured_best(trainer: Trainer) -> dict[str, float]:
    """Return the evaluation of the weights in memory; one that was not evaluated yet is measured now."""
    for entry in trainer.state.log_history:
        if entry["step"] == best_step(trainer) and {"eval_loss", "eval_reward"} & entry.keys():
            return dict(entry)
    return dict(trainer.evaluate())
