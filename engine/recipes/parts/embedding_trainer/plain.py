"""The trainer of embedding models, for a loss without weights of its own."""

from typing import Any

from sentence_transformers import SentenceTransformerTrainer

from engine.recipes.parts.resuming import take_up, train_on


def new_trainer(**options: Any) -> SentenceTransformerTrainer:
    """Return the trainer."""
    return SentenceTransformerTrainer(**options)


def train(trainer: SentenceTransformerTrainer) -> None:
    """Train, from the newest whole checkpoint on if there is one."""
    train_on(trainer, take_up(trainer))
