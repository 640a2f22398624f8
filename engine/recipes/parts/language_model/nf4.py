"""A language model with its linear layers in 4 bit."""

from transformers import BitsAndBytesConfig, PreTrainedModel

from engine.recipes.parts.base import ATTENTION, DTYPE, REVISION, TRUST_REMOTE_CODE
from engine.recipes.parts.environment import DEVICE
from engine.recipes.parts.four_bit import DOUBLE_QUANT, QUANT_TYPE, keep_gradients, widen
from engine.recipes.parts.model_class.causal import model_class
from engine.recipes.parts.reading import PRECISION
from engine.recipes.parts.weights.whole import base_model


def load_model() -> PreTrainedModel:
    """Return the base model with 4-bit linear layers that compute in the training's precision."""
    four_bit = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=QUANT_TYPE,
        bnb_4bit_use_double_quant=DOUBLE_QUANT,
        bnb_4bit_compute_dtype=PRECISION,
    )
    model = model_class().from_pretrained(
        base_model(),
        revision=REVISION,
        trust_remote_code=TRUST_REMOTE_CODE,
        dtype=DTYPE,
        attn_implementation=ATTENTION,
        quantization_config=four_bit,
        device_map={"": DEVICE},
    )
    keep_gradients(model)
    widen(model)
    return model
