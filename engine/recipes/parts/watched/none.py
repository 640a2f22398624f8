"""Only the task is measured."""

from transformers import Trainer


def watched(trainer_class: type[Trainer]) -> type[Trainer]:
    """Return the trainer class as it is."""
    return trainer_class
