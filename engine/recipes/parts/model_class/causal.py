"""The class of a model that continues texts."""

from transformers import AutoModelForCausalLM


def model_class() -> type[AutoModelForCausalLM]:
    """Return what loads a causal language model."""
    return AutoModelForCausalLM
