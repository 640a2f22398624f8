"""The class of a model that turns one text into another."""

from typing import Any

from transformers import AutoModelForSeq2SeqLM


def model_class() -> Any:
    """Return what loads an encoder-decoder model."""
    return AutoModelForSeq2SeqLM
