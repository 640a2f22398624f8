"""A language model with its linear layers in 8 bit (LLM.int8, Dettmers et al. 2022, arXiv:2208.07339)."""

from transformers import BitsAndBytesConfig, PreTrainedModel

from engine.recipes.parts.base import ATTENTION, DTYPE, REVISION, TRUST_REMOTE_CODE
from engine.recipes.parts.eight_bit import keep_scales
from engine.recipes.parts.environment import DEVICE
from engine.recipes.parts.model_class.causal import model_class
from engine.recipes.parts.weights.whole import base_model


def load_model() -> PreTrainedModel:
    """Return the base model with 8-bit linear layers; outliers are computed in 16 bit."""
    model = model_class().from_pretrained(
        base_model(),
        revision=REVISION,
        trust_remote_code=TRUST_REMOTE_CODE,
        dtype=DTYPE,
        attn_implementation=ATTENTION,
        quantization_config=BitsAndBytesConfig(load_in_8bit=True),
        device_map={"": DEVICE},
    )
    keep_scales(model)
    return model
