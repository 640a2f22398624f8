"""Which of a causal model's outputs count: those that predict a learned token."""

import torch


def predictions(logits: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the logits (n, vocabulary) that predict a learned token, in 32 bit, and those tokens (n,).

    `logits` (rows, length, vocabulary) may begin with positions of virtual tokens, which have no label.
    """
    wanted = labels[:, 1:]
    before = logits[:, -labels.shape[1] : -1]
    return before[wanted != -100].float(), wanted[wanted != -100]
