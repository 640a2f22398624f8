"""Models without weights: where a script loads some, it gets the same model on torch's meta device, at no cost."""

from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, PreTrainedModel


def without_weights(
    cls: type[PreTrainedModel], name: str, /, *given: Any, config: Any = None, **more: Any
) -> PreTrainedModel:
    """Return the model that its config describes; nothing of its weights is read."""
    del given
    if config is None:
        trust = bool(more.get("trust_remote_code", False))
        config = AutoConfig.from_pretrained(name, revision=more.get("revision"), trust_remote_code=trust)
    if getattr(config, "quantization_config", None) is not None:
        del config.quantization_config
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        model: PreTrainedModel = cls._from_config(config, attn_implementation="eager")
    return model.eval()


def stays(module: nn.Module, *_: Any, **__: Any) -> nn.Module:
    """Leave a module where it is: what has no weights can't be moved."""
    return module


def hollow() -> None:
    """Let every model of this process be loaded without weights."""
    PreTrainedModel.from_pretrained = classmethod(without_weights)  # type: ignore[assignment]
    nn.Module.to = stays  # type: ignore[assignment]
