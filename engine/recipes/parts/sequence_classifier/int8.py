"""A model that gives every text one number per class, its frozen layers in 8 bit (LLM.int8, arXiv:2208.07339)."""

from typing import Any

from transformers import AutoModelForSequenceClassification, BitsAndBytesConfig, PreTrainedModel

from engine.recipes.parts.base import ATTENTION, DTYPE, REVISION, TRUST_REMOTE_CODE
from engine.recipes.parts.eight_bit import keep_scales
from engine.recipes.parts.environment import DEVICE
from engine.recipes.parts.head_names import head_names
from engine.recipes.parts.weights.whole import base_model


def load_classifier(**head: Any) -> PreTrainedModel:
    """Return the base model with 8-bit layers and an unpacked head of this form, since the head itself is trained."""
    model = AutoModelForSequenceClassification.from_pretrained(
        base_model(),
        revision=REVISION,
        trust_remote_code=TRUST_REMOTE_CODE,
        ignore_mismatched_sizes=True,
        dtype=DTYPE,
        attn_implementation=ATTENTION,
        quantization_config=BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=head_names()),
        device_map={"": DEVICE},
        **head,
    )
    keep_scales(model)
    return model
