"""Bottleneck adapters (Houlsby et al. 2019, arXiv:1902.00751) as a method of PEFT, which has none of its own.

With PEFT's machinery a checkpoint holds the adapters alone, and they can be switched off and on.
"""

import shutil
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import torch
from peft import PEFT_TYPE_TO_CONFIG_MAPPING, PEFT_TYPE_TO_TUNER_MAPPING, PeftConfig, TaskType
from peft.mapping import PEFT_TYPE_TO_PREFIX_MAPPING
from peft.tuners.tuners_utils import BaseTuner, BaseTunerLayer
from torch import nn
from transformers import PreTrainedModel

from engine.recipes.parts.attention_ends import attention_ends
from engine.recipes.parts.mlp_ends import mlp_ends, width
from engine.recipes.parts.new_head import new_head

SIZE: int = 64  # width of the bottleneck


class BottleneckType(StrEnum):
    """What PEFT calls the method; its own list of names is closed."""

    BOTTLENECK = "BOTTLENECK"


@dataclass
class BottleneckConfig(PeftConfig):
    """How wide the adapters are, and after which layers they stand."""

    size: int = 64
    target_modules: list[str] | None = None
    modules_to_save: list[str] | None = None

    def __post_init__(self) -> None:
        """Name the method."""
        super().__post_init__()
        self.peft_type = BottleneckType.BOTTLENECK

    def save_pretrained(self, save_directory: str, **options: Any) -> None:
        """Save the description, and this script beside it, without which nobody could load the adapters."""
        super().save_pretrained(save_directory, **options)
        shutil.copy(__file__, Path(save_directory) / "bottleneck.py")


class Bottleneck(nn.Module, BaseTunerLayer):
    """A layer, and after it x + up(gelu(down(x))); up starts at zero, so that nothing changes at first."""

    adapter_layer_names = ("bottleneck_down", "bottleneck_up")
    merged_adapters: tuple[str, ...] = ()

    def __init__(self, base_layer: nn.Module, adapter_name: str, config: BottleneckConfig) -> None:
        super().__init__()
        self.base_layer = base_layer
        self.bottleneck_down, self.bottleneck_up = nn.ModuleDict(), nn.ModuleDict()
        self.add(adapter_name, config)

    def add(self, adapter_name: str, config: BottleneckConfig) -> None:
        """Add an adapter under a name."""
        layer: Any = self
        wide = width(layer.get_base_layer())
        layer.bottleneck_down[adapter_name] = nn.Linear(wide, config.size)
        layer.bottleneck_up[adapter_name] = nn.Linear(config.size, wide)
        for parameter in layer.bottleneck_up[adapter_name].parameters():
            nn.init.zeros_(parameter)
        layer._move_adapter_to_device_of_base_layer(adapter_name)
        layer.set_adapter(adapter_name, inference_mode=config.inference_mode)

    def forward(self, *inputs: Any, **options: Any) -> torch.Tensor:
        """Return what the layer gives, changed by the adapter that is on."""
        layer: Any = self
        given: torch.Tensor = self.base_layer(*inputs, **options)
        for name in [] if layer.disable_adapters else layer.active_adapters:
            down, up = layer.bottleneck_down[name], layer.bottleneck_up[name]
            given = given + up(nn.functional.gelu(down(given.to(down.weight.dtype)))).to(given.dtype)
        return given


class BottleneckModel(BaseTuner):
    """A model with adapters after some of its layers."""

    prefix = "bottleneck_"
    tuner_layer_cls = Bottleneck

    def _create_and_replace(
        self,
        config: BottleneckConfig,
        adapter_name: str,
        target: nn.Module,
        target_name: str,
        parent: nn.Module,
        **_: Any,
    ) -> None:
        if isinstance(target, Bottleneck):
            target.add(adapter_name, config)
        else:
            self._replace_module(parent, target_name, Bottleneck(target, adapter_name, config), target)


def register_bottleneck() -> None:
    """Make the method known to PEFT, so that it can put adapters in, save them and load them."""
    PEFT_TYPE_TO_CONFIG_MAPPING[BottleneckType.BOTTLENECK] = BottleneckConfig
    PEFT_TYPE_TO_TUNER_MAPPING[BottleneckType.BOTTLENECK] = BottleneckModel
    PEFT_TYPE_TO_PREFIX_MAPPING[BottleneckType.BOTTLENECK] = BottleneckModel.prefix


def check_ends(model: PreTrainedModel) -> None:
    """Refuse a model whose blocks do not end in linear layers; its weights need not be loaded for that."""
    if not attention_ends(model) or not mlp_ends(model):
        raise ValueError(
            f"the blocks of a {model.config.model_type} model do not end in one linear layer each, after which "
            "a bottleneck could stand: take method.kind lora"
        )


def bottleneck_config(model: PreTrainedModel, task: TaskType) -> BottleneckConfig:
    """Return the description of the adapters: one after each attention and one after each MLP."""
    register_bottleneck()
    check_ends(model)
    return BottleneckConfig(
        task_type=task,
        size=SIZE,
        target_modules=[*attention_ends(model), *mlp_ends(model)],
        modules_to_save=new_head(model, task),
    )
