"""A language model in 16 or 32 bit."""

from transformers import PreTrainedModel

from engine.recipes.parts.base import BASE_MODEL, REVISION, TRUST_REMOTE_CODE, model_arguments
from engine.recipes.parts.model_class.causal import model_class


def load_model() -> PreTrainedModel:
    """Return the base model with its weights as they are stored."""
    return model_class().from_pretrained(
        BASE_MODEL, revision=REVISION, trust_remote_code=TRUST_REMOTE_CODE, **model_arguments()
    )
