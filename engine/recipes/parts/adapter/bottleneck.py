"""Small trainable layers after attention and MLP of every block; the language model's own weights are frozen."""

import torch
from peft import PeftModel, TaskType, get_peft_model, get_peft_model_state_dict
from transformers import PreTrainedModel

from engine.recipes.parts.bottleneck_tuner import bottleneck_config
from engine.recipes.parts.trained_dtype.fp32 import store_trained


def adapt(model: PreTrainedModel, task: TaskType) -> PeftModel:
    """Return the model with adapters in, and everything else frozen."""
    adapted = get_peft_model(model, bottleneck_config(model, task))
    store_trained(adapted)
    return adapted


def saved_weights(model: PeftModel) -> dict[str, torch.Tensor]:
    """Return the adapters' weights under the names that a checkpoint gives them."""
    return dict(get_peft_model_state_dict(model))
