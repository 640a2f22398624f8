"""The trainer's own random order of the rows."""

from transformers import Trainer


def set_row_order(trainer: Trainer) -> None:
    """Leave the order to the trainer."""
