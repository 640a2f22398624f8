"""No guard against forgetting."""

from transformers import Trainer


def guard(trainer_class: type[Trainer]) -> type[Trainer]:
    """Return the trainer class as it is."""
    return trainer_class
