"""Linear layers in 4 and 8 bit without numbers: packed weights, their constants, and what is unpacked on the way."""

import fnmatch
from types import SimpleNamespace
from typing import Any

import bitsandbytes
import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

BLOCK = 64
"""Numbers that share one constant in 4 bit."""
OUTER = 256
"""Constants that share one constant of their own, where they are quantised too."""


class Unpacked(torch.autograd.Function):
    """A product with a packed weight, which is unpacked for the forward and again for the backward pass."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, layer: Any) -> torch.Tensor:
        """Return the product."""
        ctx.layer, ctx.shape = layer, x.shape
        if layer.bits == 8:
            narrow = x.to(torch.float16)
            rows = x.new_empty((x.numel() // x.shape[-1], x.shape[-1]), dtype=torch.int8)
            whole = x.new_empty((rows.shape[0], layer.out_features), dtype=torch.int32)
            del narrow
            output = x.new_empty((*x.shape[:-1], layer.out_features))
            ctx.kept = x  # the library keeps the input beside the context
            del whole
            return output
        weight = unpacked(layer, x.dtype)
        return nn.functional.linear(x, weight, layer.bias)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        """Return the gradient of the input; a packed weight has none."""
        return gradients[0] @ unpacked(ctx.layer, gradients[0].dtype), None


def unpacked(layer: Any, dtype: torch.dtype) -> torch.Tensor:
    """Return the whole weight for a moment; the constants are unpacked first where they are packed as well."""
    if layer.bits == 4 and layer.double:
        constants = layer.constants.new_empty(layer.constants.shape, dtype=torch.float32)
        weight = constants.new_empty((layer.out_features, layer.in_features), dtype=dtype)
        del constants
        return weight  # type: ignore[no-any-return]
    return layer.weight.new_empty((layer.out_features, layer.in_features), dtype=dtype)  # type: ignore[no-any-return]


class Layer4(bitsandbytes.nn.Linear4bit):
    """A 4-bit layer by shape."""

    bits = 4

    def __init__(self, whole: nn.Module, shape: tuple[int, int], config: Any) -> None:
        """Take the place of a whole layer."""
        nn.Module.__init__(self)
        self.in_features, self.out_features = shape
        old: torch.Tensor = whole.weight  # type: ignore[assignment]
        numbers = old.numel()
        self.weight = nn.Parameter(old.new_empty(((numbers + 1) // 2, 1), dtype=torch.uint8), requires_grad=False)
        self.bias = whole.bias
        self.double = bool(config.bnb_4bit_use_double_quant)
        blocks = -(-numbers // BLOCK)
        self.constants = old.new_empty((blocks,), dtype=torch.uint8 if self.double else torch.float32)
        self.outer = old.new_empty((-(-blocks // OUTER),), dtype=torch.float32) if self.double else None
        self.codes = [old.new_empty((size,), dtype=torch.float32) for size in ((16, 256, 1) if self.double else (16,))]
        self.compute_dtype, self.compute_type_is_set = config.bnb_4bit_compute_dtype, True
        for name, value in (("compress_statistics", self.double), ("quant_type", config.bnb_4bit_quant_type)):
            setattr(self.weight, name, value)
        self.weight.quant_state = None  # type: ignore[attr-defined]
        self.support_avx512bf16_for_cpu = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute in the layer's own type, and give back the input's."""
        return Unpacked.apply(x.to(self.compute_dtype or x.dtype), self).to(x.dtype)  # type: ignore[no-any-return, no-untyped-call]


class Layer8(bitsandbytes.nn.Linear8bitLt):
    """An 8-bit layer by shape."""

    bits = 8

    def __init__(self, whole: nn.Module, shape: tuple[int, int], config: Any) -> None:
        """Take the place of a whole layer."""
        del config
        nn.Module.__init__(self)
        self.in_features, self.out_features = shape
        old: torch.Tensor = whole.weight  # type: ignore[assignment]
        packed = old.new_empty((self.out_features, self.in_features), dtype=torch.int8)
        self.weight = nn.Parameter(packed, requires_grad=False)
        self.bias = whole.bias
        self.state = bitsandbytes.MatmulLtState()
        self.state.SCB = old.new_empty((self.out_features,), dtype=torch.float32)
        self.state.CB, self.state.has_fp16_weights, self.index = self.weight.data, False, None
        self.weight.CB = self.weight.SCB = None  # type: ignore[attr-defined]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give back the input's type."""
        return Unpacked.apply(x, self)  # type: ignore[no-any-return, no-untyped-call]


def pack(model: Any, config: Any) -> None:
    """Replace the layers that the library would pack; the head stays whole."""
    kind = Layer4 if config.load_in_4bit else Layer8
    whole = whole_layers(model, config)
    for name, layer in list(model.named_modules()):
        if not (type(layer) is nn.Linear or isinstance(layer, Conv1D)) or stays(name, whole):
            continue
        turned = isinstance(layer, Conv1D)
        shape = tuple(layer.weight.shape) if turned else (layer.in_features, layer.out_features)
        model.set_submodule(name, kind(layer, shape, config))
    model.quantization_method = "bitsandbytes"
    model.is_quantized = True
    model.hf_quantizer = SimpleNamespace(is_trainable=True, is_qat_trainable=False, quantization_config=config)
    model.is_loaded_in_4bit, model.is_loaded_in_8bit = bool(config.load_in_4bit), bool(config.load_in_8bit)


def whole_layers(model: Any, config: Any) -> list[str]:
    """Return the names of layers that are not packed: those that were named, or else the head."""
    if config.llm_int8_skip_modules:
        return list(config.llm_int8_skip_modules)
    head = model.get_output_embeddings()
    return [name for name, layer in model.named_modules() if head is not None and layer is head]


def stays(name: str, whole: list[str]) -> bool:
    """Return whether a layer is one of those that stay whole."""
    return any(
        name == one or name.endswith(f".{one}") or f"{one}." in name or fnmatch.fnmatch(name, one) for one in whole
    )
