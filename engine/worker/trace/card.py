"""What a card does otherwise than this processor: optimizers in one sweep, sums in 32 bit, no small talk."""

import functools
import sys
from collections.abc import Callable
from typing import Any

import torch

WIDE = {
    torch.nn.functional: (
        "layer_norm",
        "group_norm",
        "softmax",
        "log_softmax",
        "nll_loss",
        "cross_entropy",
        "cosine_similarity",
        "mse_loss",
    ),
    torch: ("softmax", "log_softmax", "cosine_similarity", "norm"),
    torch.Tensor: ("softmax", "log_softmax"),
}
"""What autocast computes in 32 bit on a card, and not on a processor."""


def widening(library: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that is given 32-bit numbers under autocast."""

    @functools.wraps(library)
    def wide(*args: Any, **named: Any) -> Any:
        if torch.is_autocast_enabled("cpu"):
            args = tuple(widened(one) for one in args)
        return library(*args, **named)

    return wide


def widened(one: Any) -> Any:
    """Return a tensor of 16-bit numbers in 32 bit, anything else as it is."""
    narrow = isinstance(one, torch.Tensor) and one.dtype in (torch.bfloat16, torch.float16)
    return one.float() if narrow else one


def dropout(
    input: torch.Tensor,  # noqa: A002 - the library's own name
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
) -> torch.Tensor:
    """Drop with a card's fused kernel, which keeps a truth value for every number, where a processor keeps factors."""
    if training and not inplace and 0 < p < 1:
        return torch.native_dropout(input, p, True)[0]
    return torch.dropout(input, p, training)


TILES = {
    "trl.kernels.chunked_logprob": ("_forward_tile", "_backward_tile", "_addmm_fp32"),
    "trl.kernels.chunked_divergence": ("_stats_tile", "_jsd_tile", "_backward_tile", "_addmm_fp32"),
}
"""What a card does in place, with kernels of its own, where a processor needs copies in 32 bit."""


def in_place(*_: Any, **__: Any) -> None:
    """Change a tile where it is: nothing is allocated."""


def project(tile: Any, rows: Any, weight: torch.Tensor, bias: Any, start: int, end: int, dtype: torch.dtype) -> None:
    """Make a tile of logits in 32 bit from 16-bit numbers: the slice of the head alone is copied, if it is wider."""
    del tile, rows, bias
    weight[start:end].to(dtype)


def stand_in_tiles() -> None:
    """Put a card's kernels in the place of a processor's, for losses in tiles."""
    for name, functions in TILES.items():
        module = sys.modules.get(name)
        for function in functions if module is not None else ():
            setattr(module, function, in_place)
        if hasattr(module, "_project"):
            vars(module)["_project"] = project


def stand_in() -> None:
    """Take the ways through the libraries that a card would take."""
    from torch.nn.utils import clip_grad
    from torch.optim import adam

    asked = torch.is_autocast_enabled
    torch.is_autocast_enabled = lambda *_: asked("cpu")
    torch.get_autocast_gpu_dtype = lambda: torch.get_autocast_dtype("cpu")
    # functions, not a mode: what checkpointing computes anew in the backward pass runs outside of every mode
    for place, names in WIDE.items():
        for name in names:
            setattr(place, name, widening(getattr(place, name)))
    torch.nn.functional.dropout = dropout
    for module, name, answer in (
        (adam, "_default_to_fused_or_foreach", (False, True)),
        (clip_grad, "_device_has_foreach_support", True),
        (clip_grad, "_has_foreach_support", True),
    ):
        setattr(module, name, lambda *_, answer=answer, **__: answer)
