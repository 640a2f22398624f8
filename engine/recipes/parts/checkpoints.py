"""Checkpoints: go on from the newest whole one, and prove that the best one is what was loaded."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from transformers import Trainer

from engine.recipes.parts.output import output


def is_whole(checkpoint: Path) -> bool:
    """Return whether a checkpoint was written to its end; trainer_state.json is its last file."""
    try:
        json.loads((checkpoint / "trainer_state.json").read_text())
        for file in checkpoint.rglob("*.safetensors"):
            with safe_open(file, "pt") as weights:
                weights.keys()
    except (OSError, ValueError, SafetensorError):
        return False
    return (checkpoint / "optimizer.pt").exists()


def newest_checkpoint() -> str | None:
    """Return the newest whole checkpoint in the output folder, or None for a fresh start."""
    found = [path for path in output().glob("checkpoint-*") if path.name.split("-")[-1].isdigit() and is_whole(path)]
    newest = max(found, key=lambda path: int(path.name.split("-")[-1]), default=None)
    return str(newest) if newest else None


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
