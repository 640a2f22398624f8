"""The settings and the places of low-rank adapters (Hu et al. 2021, arXiv:2106.09685)."""

from transformers import PreTrainedModel

from engine.recipes.parts.linear_layers import attention_layers
from engine.recipes.parts.unknown_targets import unknown_targets

RANK: int = 16  # capacity of the adapter: columns of its two thin matrices
ALPHA: int = 32  # strength of the adapter: its output is scaled by alpha / rank
DROPOUT: float = 0.05  # share of the adapter's inputs that is dropped while training
TARGETS: str | tuple[str, ...] = "all-linear"  # which layers get an adapter: all-linear, attention or a list
RSLORA: bool = False  # scale by alpha / sqrt(rank), which keeps large ranks learning (arXiv:2312.03732)
DORA: bool = False  # learn length and direction of each weight apart (arXiv:2402.09353)
INIT: str = "default"  # how the adapter begins: default, gaussian, orthogonal, pissa or olora


def lora_targets(model: PreTrainedModel) -> str | list[str]:
    """Return the layers that get an adapter."""
    complaint = "" if isinstance(TARGETS, str) else unknown_targets(TARGETS, model)
    if complaint:
        raise ValueError(complaint)
    if TARGETS == "attention":
        found = attention_layers(model)
        if not found:
            raise ValueError("no attention was found in this model (method.targets): name its layers in a list")
        return found
    return TARGETS if isinstance(TARGETS, str) else list(TARGETS)
