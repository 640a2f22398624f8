"""Layers in 8 bit (LLM.int8, Dettmers et al. 2022, arXiv:2208.07339)."""

from typing import Any

from torch import nn


def keep_scale(layer: Any, *_: Any) -> None:
    """Give the weight its scale back before it is used."""
    if layer.weight.CB is not None and layer.weight.SCB is None:
        layer.weight.SCB = layer.state.SCB


def keep_scales(model: nn.Module) -> None:
    """Keep the scales of the 8-bit weights: on a CPU PEFT's DoRA copies the weights in every pass, and loses them."""
    for layer in model.modules():
        if hasattr(layer, "init_8bit_state"):
            layer.register_forward_pre_hook(keep_scale)
