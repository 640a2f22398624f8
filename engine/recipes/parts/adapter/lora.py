"""Low-rank adapters in a language model whose own weights are frozen."""

import functools

import torch
from peft import LoraConfig, PeftModel, TaskType, get_peft_model, get_peft_model_state_dict
from transformers import PreTrainedModel

from engine.recipes.parts.base import DTYPE
from engine.recipes.parts.lora_config import ALPHA, DORA, DROPOUT, INIT, RANK, RSLORA, lora_targets
from engine.recipes.parts.new_head import new_head
from engine.recipes.parts.trained_dtype.chosen import ADAPTER_DTYPE, store_trained


def adapt(model: PreTrainedModel, task: TaskType) -> PeftModel:
    """Return the model with adapters in, and everything else frozen."""
    lora = LoraConfig(
        task_type=task,
        r=RANK,
        lora_alpha=ALPHA,
        lora_dropout=DROPOUT,
        target_modules=lora_targets(model),
        modules_to_save=new_head(model, task),
        use_rslora=RSLORA,
        use_dora=DORA,
        init_lora_weights=True if INIT == "default" else INIT,
    )
    adapted = get_peft_model(model, lora)
    if ADAPTER_DTYPE == "bf16" or DTYPE != "float32":
        store_trained(adapted)
    if ADAPTER_DTYPE == "bf16":
        # PEFT would turn the adapter of a checkpoint into 32 bit, and a resumed training would be another one.
        adapted.load_adapter = functools.partial(adapted.load_adapter, autocast_adapter_dtype=False)
    return adapted


def saved_weights(model: PeftModel) -> dict[str, torch.Tensor]:
    """Return the adapter's weights under the names that a checkpoint gives them."""
    return dict(get_peft_model_state_dict(model))
