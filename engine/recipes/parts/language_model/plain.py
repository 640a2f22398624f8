"""A language model in 16 or 32 bit."""

from transformers import PreTrainedModel

from engine.recipes.parts.base import ATTENTION, DTYPE, REVISION, TRUST_REMOTE_CODE
from engine.recipes.parts.model_class.causal import model_class
from engine.recipes.parts.weights.whole import base_model


def load_model() -> PreTrainedModel:
    """Return the base model with its weights as they are stored."""
    return model_class().from_pretrained(
        base_model(),
        revision=REVISION,
        trust_remote_code=TRUST_REMOTE_CODE,
        dtype=DTYPE,
        attn_implementation=ATTENTION,
    )
