"""Learned vectors before the text, made by a small network; the model's own weights are frozen (Liu et al. 2021)."""

from pathlib import Path
from typing import Any

import torch
from peft import MODEL_TYPE_TO_PEFT_MODEL_MAPPING, PeftModel, PromptEncoderConfig, TaskType, get_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from engine.recipes.parts.prompt_shape import prompt_shape
from engine.recipes.parts.virtual_tokens import check_room


def with_network(kind: Any) -> Any:
    """Return a class of PEFT models that keeps the network beside the prompt that it makes.

    PEFT saves the prompt alone, and loads it as the input of the network: a resumed training and the best checkpoint
    would be silently wrong (transformers#35087).
    """

    class WithNetwork(kind):
        """A model whose checkpoints hold all that trains."""

        def save_pretrained(self, save_directory: str, **options: Any) -> None:
            """Save the prompt for use, and the network to go on from."""
            super().save_pretrained(save_directory, **options)
            save_file(self.prompt_encoder.state_dict(), Path(save_directory) / "prompt_encoder.safetensors")

        def load_adapter(self, model_id: str, adapter_name: str, **options: Any) -> Any:
            """Load a checkpoint, its network included."""
            loaded = super().load_adapter(model_id, adapter_name, **options)
            self.prompt_encoder.load_state_dict(load_file(Path(model_id) / "prompt_encoder.safetensors"))
            return loaded

    return WithNetwork


def adapt(model: PreTrainedModel, task: TaskType) -> PeftModel:
    """Return the model with a prompt and the network that makes it, and everything else frozen."""
    check_room(model)
    config = PromptEncoderConfig(
        task_type=task,
        base_model_name_or_path=model.name_or_path,
        encoder_hidden_size=min(1024, model.get_input_embeddings().embedding_dim),  # wider ones only cost memory
        **prompt_shape(model),
    )
    return with_network(MODEL_TYPE_TO_PEFT_MODEL_MAPPING[task])(model, config)


def saved_weights(model: PeftModel) -> dict[str, torch.Tensor]:
    """Return the prompt and its network under the names that a checkpoint gives them."""
    return {**get_peft_model_state_dict(model), **model.prompt_encoder.state_dict()}
