"""The trainer of embedding models, for a loss without weights of its own."""

from typing import Any

from sentence_transformers import SentenceTransformerTrainer


def new_trainer(**options: Any) -> SentenceTransformerTrainer:
    """Return the trainer."""
    return SentenceTransformerTrainer(**options)


def take_up_loss(trainer: SentenceTransformerTrainer) -> None:
    """Take up nothing: this loss has no weights of its own."""
