"""A base model whose folder holds all of its weights."""

from engine.recipes.parts.base import BASE_MODEL


def base_model() -> str:
    """Return the folder or the hub id that the base model is loaded from."""
    return BASE_MODEL
