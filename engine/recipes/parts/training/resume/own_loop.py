"""Training by a loop of our own, which goes on from the newest whole checkpoint by itself."""

from engine.recipes.parts.loop import Loop


def train_from_checkpoint(trainer: Loop) -> None:
    """Train to the end."""
    trainer.train()
