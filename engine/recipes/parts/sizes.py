"""How large a model is, and how much memory it took."""

import resource

import torch


def peak_memory_gib() -> float:
    """Return the peak of the GPU's allocated memory, or of the process's own memory on a CPU, in GiB."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def count(model: torch.nn.Module) -> tuple[int, int]:
    """Return all weights and those that train; a 4-bit weight is counted by what it stands for."""
    every = trainable = 0
    for parameter in model.parameters():
        packed = getattr(parameter, "quant_state", None)
        size = packed.shape.numel() if packed is not None else parameter.numel()
        every += size
        trainable += size if parameter.requires_grad else 0
    return every, trainable
