"""Group relative policy optimisation (Shao et al. 2024, arXiv:2402.03300): answers compared in standard deviations."""

from collections.abc import Callable, Sequence

from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from engine.recipes.parts.groups import Grouped, compared, group_arguments
from engine.recipes.parts.questions import Question

ENTROPY_COEF: float = 0.0  # reward for staying undecided


class Grpo(Grouped, GRPOTrainer):
    """The library's trainer, measured as the other algorithms are."""


def make_learner(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: tuple[list[Question], list[Question]],
    reward: Callable[[Sequence[Question], Sequence[str]], list[float]],
    callbacks: Sequence[TrainerCallback],
) -> Grpo:
    """Return the trainer."""
    told = GRPOConfig(**group_arguments(len(rows[0])), entropy_coef=ENTROPY_COEF)
    return compared(Grpo, told, model, tokenizer, rows, reward, callbacks)
