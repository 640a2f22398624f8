"""A language model with its linear layers in 4 bit."""

from transformers import PreTrainedModel

from engine.recipes.parts.base import REVISION, TRUST_REMOTE_CODE, model_arguments
from engine.recipes.parts.environment import DEVICE
from engine.recipes.parts.four_bit import four_bit, keep_gradients, widen
from engine.recipes.parts.model_class.causal import model_class
from engine.recipes.parts.weights.whole import base_model


def load_model() -> PreTrainedModel:
    """Return the base model with 4-bit linear layers that compute in the training's precision."""
    model = model_class().from_pretrained(
        base_model(),
        revision=REVISION,
        trust_remote_code=TRUST_REMOTE_CODE,
        quantization_config=four_bit(),
        device_map={"": DEVICE},
        **model_arguments(),
    )
    keep_gradients(model)
    widen(model)
    return model
