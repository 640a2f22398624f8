"""What a card does otherwise than this processor: optimizers in one sweep, sums in 32 bit, no small talk."""

from typing import Any

import torch
from torch.overrides import TorchFunctionMode

WIDE = {
    getattr(torch.nn.functional, name)
    for name in ("layer_norm", "group_norm", "softmax", "log_softmax", "nll_loss", "cosine_similarity", "mse_loss")
} | {
    torch.softmax,
    torch.log_softmax,
    torch.Tensor.softmax,
    torch.Tensor.log_softmax,
    torch.cosine_similarity,
    torch.norm,
}
"""What autocast computes in 32 bit on a card, and not on a processor."""


class CardNumbers(TorchFunctionMode):
    """Autocast as a card does it."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Widen what a card widens."""
        if func in WIDE and torch.is_autocast_enabled("cpu"):
            args = tuple(widened(one) for one in args)
        return func(*args, **(kwargs or {}))


def widened(one: Any) -> Any:
    """Return a tensor of 16-bit numbers in 32 bit, anything else as it is."""
    narrow = isinstance(one, torch.Tensor) and one.dtype in (torch.bfloat16, torch.float16)
    return one.float() if narrow else one


def stand_in() -> None:
    """Take the ways through the libraries that a card would take."""
    from torch.nn.utils import clip_grad
    from torch.optim import adam
    from transformers import masking_utils

    asked = torch.is_autocast_enabled
    torch.is_autocast_enabled = lambda *_: asked("cpu")
    torch.get_autocast_gpu_dtype = lambda: torch.get_autocast_dtype("cpu")
    for module, name, answer in (
        (adam, "_default_to_fused_or_foreach", (False, True)),
        (clip_grad, "_device_has_foreach_support", True),
        (clip_grad, "_has_foreach_support", True),
    ):
        setattr(module, name, lambda *_, answer=answer, **__: answer)
    masking_utils.is_tracing = lambda *_: False
