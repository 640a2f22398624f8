"""No adapter: the last blocks and the head of a model train, and everything below them is frozen."""

import torch
from peft import TaskType
from transformers import PreTrainedModel

from engine.recipes.parts.last_blocks import open_last_blocks
from engine.recipes.parts.packed import refuse_packed


def adapt(model: PreTrainedModel, task: TaskType) -> PreTrainedModel:
    """Return the model with its last blocks and its head open to training, whatever the task."""
    refuse_packed(model)
    open_last_blocks(model)
    return model


def saved_weights(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """Return all weights under the names that a checkpoint gives them."""
    return dict(model.state_dict())
