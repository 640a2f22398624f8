"""How far two policies are apart, token by token."""

import torch


def masked_mean(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the mean of the values where the mask is 1."""
    return (values * mask).sum() / mask.sum()


def divergence(log_probs: torch.Tensor, reference: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the KL divergence per token by the estimator that is never negative: r - 1 - log r, r = p_ref / p.

    J. Schulman, Approximating KL Divergence, 2020 (there k3).
    """
    difference = reference - log_probs
    return masked_mean(difference.exp() - 1 - difference, mask)
