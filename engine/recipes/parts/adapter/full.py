"""No adapter: every weight is trained."""

import torch
from peft import TaskType
from transformers import PreTrainedModel

from engine.recipes.parts.packed import refuse_packed


def adapt(model: PreTrainedModel, task: TaskType) -> PreTrainedModel:
    """Return the model with all weights open to training, whatever the task."""
    refuse_packed(model)
    model.requires_grad_(True)
    return model


def saved_weights(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """Return all weights under the names that a checkpoint gives them."""
    return dict(model.state_dict())
