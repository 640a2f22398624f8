"""The class of a model that turns one text into another."""

from transformers import AutoModelForSeq2SeqLM


def model_class() -> type[AutoModelForSeq2SeqLM]:
    """Return what loads an encoder-decoder model."""
    return AutoModelForSeq2SeqLM
