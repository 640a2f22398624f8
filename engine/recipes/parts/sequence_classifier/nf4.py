"""A model that gives every text one number per class, its frozen layers in 4 bit."""

from typing import Any

from transformers import AutoModelForSequenceClassification, BitsAndBytesConfig, PreTrainedModel

from engine.recipes.parts.base import ATTENTION, DTYPE, REVISION, TRUST_REMOTE_CODE
from engine.recipes.parts.environment import DEVICE
from engine.recipes.parts.four_bit import DOUBLE_QUANT, QUANT_TYPE, keep_gradients, widen
from engine.recipes.parts.head_names import head_names
from engine.recipes.parts.reading import PRECISION
from engine.recipes.parts.weights.whole import base_model


def load_classifier(**head: Any) -> PreTrainedModel:
    """Return the base model with 4-bit layers and an unpacked head of this form, since the head itself is trained."""
    four_bit = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=QUANT_TYPE,
        bnb_4bit_use_double_quant=DOUBLE_QUANT,
        bnb_4bit_compute_dtype=PRECISION,
        llm_int8_skip_modules=head_names(),
    )
    model = AutoModelForSequenceClassification.from_pretrained(
        base_model(),
        revision=REVISION,
        trust_remote_code=TRUST_REMOTE_CODE,
        ignore_mismatched_sizes=True,
        dtype=DTYPE,
        attn_implementation=ATTENTION,
        quantization_config=four_bit,
        device_map={"": DEVICE},
        **head,
    )
    keep_gradients(model)
    widen(model)
    return model
