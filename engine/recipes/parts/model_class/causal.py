"""The class of a model that continues texts."""

from typing import Any

from transformers import AutoModelForCausalLM


def model_class() -> Any:
    """Return what loads a causal language model."""
    return AutoModelForCausalLM
