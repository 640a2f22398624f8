"""Training from the newest whole checkpoint on, to the last step."""

from typing import Any

from transformers import Trainer, set_seed

from engine.recipes.parts.begin import SEED
from engine.recipes.parts.training.checkpoints import CheckpointMarker, newest_checkpoint
from engine.recipes.parts.training.row_order.longest_first import set_row_order


def train_from_checkpoint(trainer: Trainer) -> None:
    """Train to the end, from the newest whole checkpoint on if there is one."""
    run_epoch = trainer._run_epoch

    def run_unfinished_epoch(**given: Any) -> None:
        if trainer.state.global_step < trainer.state.max_steps:  # the trainer would take one step more
            run_epoch(**given)

    trainer._run_epoch = run_unfinished_epoch
    trainer.callback_handler.callbacks.insert(0, CheckpointMarker())  # before one that ends the training at a save
    set_row_order(trainer)
    set_seed(SEED)  # a resumed run does not measure the untouched model again, which draws random numbers
    checkpoint = newest_checkpoint()
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
