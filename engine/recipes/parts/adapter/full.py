"""No adapter: every weight is trained."""

import torch
from transformers import PreTrainedModel


def adapt(model: PreTrainedModel) -> PreTrainedModel:
    """Return the model with all weights open to training."""
    model.requires_grad_(True)
    return model


def saved_weights(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """Return all weights under the names that a checkpoint gives them."""
    return dict(model.state_dict())
