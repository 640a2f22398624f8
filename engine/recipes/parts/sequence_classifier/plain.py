"""A model that gives every text one number per class, in 16 or 32 bit."""

from typing import Any

from transformers import AutoModelForSequenceClassification, PreTrainedModel

from engine.recipes.parts.base import ATTENTION, DTYPE, REVISION, TRUST_REMOTE_CODE
from engine.recipes.parts.weights.whole import base_model


def load_classifier(**head: Any) -> PreTrainedModel:
    """Return the base model with a head of this form (num_labels, id2label ...); one of another size is made anew."""
    return AutoModelForSequenceClassification.from_pretrained(
        base_model(),
        revision=REVISION,
        trust_remote_code=TRUST_REMOTE_CODE,
        ignore_mismatched_sizes=True,
        dtype=DTYPE,
        attn_implementation=ATTENTION,
        **head,
    )
