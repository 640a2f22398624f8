"""REINFORCE leave-one-out (Ahmadian et al. 2024, arXiv:2402.14740): an answer against the mean of its siblings."""

from collections.abc import Callable, Sequence

from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
from trl import RLOOConfig, RLOOTrainer

from engine.recipes.parts.groups import Grouped, compared, group_arguments
from engine.recipes.parts.questions import Question


class Rloo(Grouped, RLOOTrainer):
    """The library's trainer, measured as the other algorithms are."""


def make_learner(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: tuple[list[Question], list[Question]],
    reward: Callable[[Sequence[Question], Sequence[str]], list[float]],
    callbacks: Sequence[TrainerCallback],
) -> Rloo:
    """Return the trainer."""
    told = RLOOConfig(**group_arguments(len(rows[0])))
    return compared(Rloo, told, model, tokenizer, rows, reward, callbacks)
