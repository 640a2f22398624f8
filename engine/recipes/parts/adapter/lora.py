"""Low-rank adapters in a language model whose own weights are frozen."""

from functools import partial

import torch
from peft import PeftModel, TaskType, get_peft_model, get_peft_model_state_dict
from transformers import PreTrainedModel

from engine.recipes.parts.lora_config import lora_config, store_adapter


def adapt(model: PreTrainedModel, task: TaskType) -> PeftModel:
    """Return the model with adapters in, and everything else frozen."""
    adapted = get_peft_model(model, lora_config(model, task))
    store_adapter(adapted)
    # PEFT would turn the adapter of a checkpoint into 32 bit, and a resumed training would be another one.
    adapted.load_adapter = partial(adapted.load_adapter, autocast_adapter_dtype=False)
    return adapted


def saved_weights(model: PeftModel) -> dict[str, torch.Tensor]:
    """Return the adapter's weights under the names that a checkpoint gives them."""
    return dict(get_peft_model_state_dict(model))
