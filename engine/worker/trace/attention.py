"""Attention by kernel, with what each keeps for the backward pass on a card: flash and SDPA no scores, eager all."""

from typing import Any

import torch
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS


class Fused(torch.autograd.Function):
    """A fused kernel: keeps queries, keys, values, the output and one number per row and head."""

    @staticmethod
    def forward(ctx: Any, query: Any, key: Any, value: Any, bias: Any, shared: bool) -> torch.Tensor:
        """Return an output in the layout of the kernels: batch, length, heads, width."""
        rows, heads, length, _ = query.shape
        output = query.new_empty((rows, length, heads, value.shape[-1]))
        sums = query.new_empty((rows, heads, length), dtype=torch.float32)
        ctx.save_for_backward(query, key, value, bias, output, sums)
        ctx.shared = shared
        return output  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, *_: torch.Tensor) -> Any:
        """Make the three gradients, with the kernel's own scratch beside them."""
        query, key, value, _, _, _ = ctx.saved_tensors
        scratch = [query.new_empty(query.shape, dtype=torch.float32)] if query.dtype != torch.float32 else []
        wide = [query.new_empty((*one.shape[:1], query.shape[1], *one.shape[2:])) for one in (key, value)]
        found = [like(query), *(like(key), like(value))] if ctx.shared else [like(query), *wide]
        del scratch, wide
        return (*found, None, None)


def like(one: torch.Tensor) -> torch.Tensor:
    """Return a gradient laid out as the kernels do: batch, length, heads, width underneath."""
    rows, heads, length, width = one.shape
    return one.new_empty((rows, length, heads, width)).transpose(1, 2)


def narrow(one: torch.Tensor) -> torch.Tensor:
    """Return what autocast hands to a kernel."""
    wanted = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else one.dtype
    return one.to(wanted)


def repeated(one: torch.Tensor, times: int) -> torch.Tensor:
    """Return keys or values once per head, as the library does before a kernel that knows no groups."""
    rows, heads, length, width = one.shape
    if times == 1:
        return one
    return one[:, :, None].expand(rows, heads, times, length, width).reshape(rows, heads * times, length, width)


def flash(module: Any, query: Any, key: Any, value: Any, attention_mask: Any = None, **_: Any) -> tuple[Any, None]:
    """Stand in for flash attention, which knows groups of heads and needs no mask."""
    del module, attention_mask
    return Fused.apply(narrow(query), narrow(key), narrow(value), None, True), None  # type: ignore[no-untyped-call]


def sdpa(module: Any, query: Any, key: Any, value: Any, attention_mask: Any, **given: Any) -> tuple[Any, None]:
    """Stand in for SDPA: flash without a mask, the memory-efficient kernel with one, which is a number per pair."""
    if given.get("position_bias") is not None or query.shape[2] == 0:
        return LIBRARY["sdpa"](module, query, key, value, attention_mask, **given)  # type: ignore[no-any-return]
    query, key, value = narrow(query), narrow(key), narrow(value)
    if attention_mask is None:
        return Fused.apply(query, key, value, None, True), None  # type: ignore[no-untyped-call]
    groups = query.shape[1] // key.shape[1]
    key, value = repeated(key, groups), repeated(value, groups)
    bias = attention_mask
    if bias.dtype == torch.bool:
        bias = bias.new_empty(bias.shape, dtype=query.dtype)
    return Fused.apply(query, key, value, bias, True), None  # type: ignore[no-untyped-call]


LIBRARY: dict[str, Any] = {}


def stand_in() -> None:
    """Put the kernels of a card in the place of those of this processor."""
    LIBRARY["sdpa"] = ALL_ATTENTION_FUNCTIONS["sdpa"]
    ALL_ATTENTION_FUNCTIONS["sdpa"] = sdpa
    ALL_ATTENTION_FUNCTIONS["flash_attention_2"] = flash
