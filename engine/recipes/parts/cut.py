"""Embeddings of a smaller size: cut first, then normalised."""

import torch


def cut(vectors: torch.Tensor, size: int) -> torch.Tensor:
    """Return the first numbers of each embedding, at length one."""
    return torch.nn.functional.normalize(vectors[:, :size], dim=1)
