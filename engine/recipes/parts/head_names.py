"""Where the head of a classifier is, told by a model without weights."""

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification

from engine.recipes.parts.base import REVISION, TRUST_REMOTE_CODE
from engine.recipes.parts.weights.whole import base_model


def head_names() -> list[str]:
    """Return the names of what stands on top of the base model once it is a classifier."""
    config = AutoConfig.from_pretrained(base_model(), revision=REVISION, trust_remote_code=TRUST_REMOTE_CODE)
    with torch.device("meta"):
        model = AutoModelForSequenceClassification.from_config(config, trust_remote_code=TRUST_REMOTE_CODE)
    return [name for name, _ in model.named_children() if name != model.base_model_prefix]
