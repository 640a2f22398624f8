"""How far apart two models are in what they expect."""

import torch
from torch.nn import functional


def kl(reference: torch.Tensor, other: torch.Tensor, temperature: float) -> torch.Tensor:
    """Return KL(reference || other) of each row of logits (n, vocabulary), in nats, at a temperature."""
    from_reference = functional.log_softmax(reference / temperature, dim=-1)
    from_other = functional.log_softmax(other / temperature, dim=-1)
    return functional.kl_div(from_other, from_reference, reduction="none", log_target=True).sum(-1)
