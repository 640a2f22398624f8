"""Learned vectors before the text of a language model whose own weights are frozen (Lester et al. 2021)."""

import torch
from peft import PeftModel, PromptTuningConfig, PromptTuningInit, TaskType, get_peft_model, get_peft_model_state_dict
from transformers import PreTrainedModel

from engine.recipes.parts.new_head import new_head
from engine.recipes.parts.prompt_shape import prompt_shape
from engine.recipes.parts.trained_dtype.fp32 import store_trained
from engine.recipes.parts.virtual_tokens import check_room


def adapt(model: PreTrainedModel, task: TaskType) -> PeftModel:
    """Return the model with a prompt that starts as words drawn from its vocabulary, which beats random numbers."""
    check_room(model)
    config = PromptTuningConfig(
        task_type=task,
        prompt_tuning_init=PromptTuningInit.SAMPLE_VOCAB,
        modules_to_save=new_head(model, task),
        **prompt_shape(model),
    )
    adapted = get_peft_model(model, config)
    store_trained(adapted)
    return adapted


def saved_weights(model: PeftModel) -> dict[str, torch.Tensor]:
    """Return the prompt under the name that a checkpoint gives it."""
    return dict(get_peft_model_state_dict(model))
