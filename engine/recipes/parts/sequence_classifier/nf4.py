"""A model that gives every text one number per class, its frozen layers in 4 bit."""

from typing import Any

from transformers import AutoModelForSequenceClassification, PreTrainedModel

from engine.recipes.parts.base import REVISION, TRUST_REMOTE_CODE, model_arguments
from engine.recipes.parts.environment import DEVICE
from engine.recipes.parts.four_bit import four_bit, keep_gradients, widen
from engine.recipes.parts.head_names import head_names
from engine.recipes.parts.weights.whole import base_model


def load_classifier(**head: Any) -> PreTrainedModel:
    """Return the base model with 4-bit layers and an unpacked head of this form, since the head itself is trained."""
    model = AutoModelForSequenceClassification.from_pretrained(
        base_model(),
        revision=REVISION,
        trust_remote_code=TRUST_REMOTE_CODE,
        ignore_mismatched_sizes=True,
        quantization_config=four_bit(head_names()),
        device_map={"": DEVICE},
        **head,
        **model_arguments(),
    )
    keep_gradients(model)
    widen(model)
    return model
