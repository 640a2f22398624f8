"""The arithmetic of proximal policy optimisation, as pure functions; every tensor is (rows, answer tokens)."""

import torch

from engine.recipes.parts.divergence import masked_mean


def whiten(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the values with mean 0 and deviation 1 over the mask, and 0 outside (Zheng et al. 2023, section 5.3)."""
    mean = masked_mean(values, mask)
    variance = masked_mean((values - mean).square(), mask)
    return (values - mean) * (variance + 1e-8).rsqrt() * mask


def token_rewards(
    scores: torch.Tensor, log_probs: torch.Tensor, reference: torch.Tensor, mask: torch.Tensor, kl_coef: float
) -> torch.Tensor:
    """Return the reward of every token: each pays for straying, the last one earns the answer's score.

    r_t = -kl_coef (log p(t) - log p_ref(t)), + score at the end (Ouyang et al. 2022, arXiv:2203.02155, equation 2).
    """
    rewards = -kl_coef * (log_probs - reference) * mask
    last = mask.sum(1).long() - 1
    rewards[torch.arange(len(scores)), last] += scores
    return rewards


def advantages_and_returns(
    rewards: torch.Tensor, values: torch.Tensor, mask: torch.Tensor, gamma: float, lam: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return generalised advantages and the value function's targets (Schulman et al. 2016, arXiv:1506.02438).

    delta_t = r_t + gamma V_{t+1} - V_t and A_t = delta_t + gamma lam A_{t+1}; after the end both are 0. With lam = 0
    that is the one-step form A_t = delta_t. The targets are A + V.
    """
    values, running, found = values * mask, torch.zeros_like(rewards[:, 0]), []
    for step in reversed(range(rewards.shape[1])):
        after = values[:, step + 1] if step + 1 < rewards.shape[1] else torch.zeros_like(running)
        delta = rewards[:, step] + gamma * after - values[:, step]
        running = (delta + gamma * lam * running) * mask[:, step]
        found.append(running)
    advantages = torch.stack(found[::-1], 1)
    return advantages, advantages + values


def policy_loss(
    log_probs: torch.Tensor, old: torch.Tensor, advantages: torch.Tensor, mask: torch.Tensor, clip: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the clipped surrogate -min(ratio A, clip(ratio, 1 - clip, 1 + clip) A), and the share that was clipped.

    Schulman et al. 2017, arXiv:1707.06347, equation 7.
    """
    ratio = (log_probs - old).exp()
    free, bounded = -advantages * ratio, -advantages * ratio.clamp(1 - clip, 1 + clip)
    return masked_mean(torch.max(free, bounded), mask), masked_mean((bounded > free).float(), mask)


def value_loss(
    values: torch.Tensor, old: torch.Tensor, returns: torch.Tensor, mask: torch.Tensor, clip: float
) -> torch.Tensor:
    """Return half the squared error of the values, the worse one of free and clipped; clip 0: free.

    The clipped form is of the first PPO implementation and of Zheng et al. 2023 (arXiv:2307.04964, section 5.3).
    """
    error = (values - returns).square()
    if clip:
        error = torch.max(error, (old + (values - old).clamp(-clip, clip) - returns).square())
    return 0.5 * masked_mean(error, mask)
