"""The first steps of every training: the same numbers every time, on the device that was meant."""

import shutil

import torch
from transformers import set_seed

from engine.recipes.parts.data.earlier_drops.forget import begin_drops
from engine.recipes.parts.environment import DEVICE
from engine.recipes.parts.output import SMOKE_TEST, output

SEED: int = 42  # start of every random number: split, order of the rows, dropout, new weights
THREADS: int = 0  # CPU threads; losses differ in the last digits between one and two; 0: all cores


def begin() -> None:
    """Fix random numbers and threads; refuse the CPU when a GPU was meant."""
    if DEVICE == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(
            "this run was planned for a GPU, and torch sees none: check the driver with nvidia-smi "
            f"(torch {torch.__version__} was built for CUDA {torch.version.cuda}), or set launch.device: cpu"
        )
    if THREADS:
        torch.set_num_threads(THREADS)
    set_seed(SEED)
    if SMOKE_TEST:  # never goes on from an earlier one
        shutil.rmtree(output(), ignore_errors=True)
        output().mkdir()
    begin_drops()
