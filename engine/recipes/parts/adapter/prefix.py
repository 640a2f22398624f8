"""Learned keys and values before those of every layer of a frozen language model (Li and Liang 2021)."""

import torch
from peft import (
    PeftModel,
    PrefixTuningConfig,
    TaskType,
    get_peft_model,
    get_peft_model_state_dict,
    initialize_kv_prefix_from_past_key_values,
)
from transformers import PreTrainedModel

from engine.recipes.parts.arguments import GRADIENT_CHECKPOINTING
from engine.recipes.parts.virtual_tokens import TOKENS, check_room


def start(model: PeftModel, task: TaskType) -> None:
    """Begin with the keys and values of words drawn from the vocabulary: random ones drown what the model knows."""
    drawn = torch.randint(0, model.config.vocab_size, (1, TOKENS), device=model.device)
    answer = {"decoder_input_ids": drawn} if task == TaskType.SEQ_2_SEQ_LM else {}
    with torch.no_grad(), model.disable_adapter():
        kept = model(input_ids=drawn, use_cache=True, **answer).past_key_values
    kept = getattr(kept, "self_attention_cache", kept)
    initialize_kv_prefix_from_past_key_values(model, past_key_values=kept)


def adapt(model: PreTrainedModel, task: TaskType) -> PeftModel:
    """Return the model with a prefix in every layer, and everything else frozen."""
    if GRADIENT_CHECKPOINTING:
        raise ValueError(
            "gradient checkpointing throws the learned keys and values away, and nothing would be learned: "
            "set training.gradient_checkpointing to false, or method.kind to prompt"
        )
    check_room(model)
    adapted = get_peft_model(model, PrefixTuningConfig(task_type=task, num_virtual_tokens=TOKENS))
    start(adapted, task)
    return adapted


def saved_weights(model: PeftModel) -> dict[str, torch.Tensor]:
    """Return the prefix under the name that a checkpoint gives it."""
    return dict(get_peft_model_state_dict(model))
