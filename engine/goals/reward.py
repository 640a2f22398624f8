"""The goal reward: tell which answer is better."""

from typing import Annotated, Literal

from pydantic import Field

from engine.goals.preferences import RankedData, pairs
from engine.goals.shared import BaseRun, Truncating
from engine.methods import Lora, RewardMethod
from engine.section import CHOOSES_PART, INLINE, INLINE_DEFAULT, Section


class RewardData(RankedData):
    """Prompts with a chosen and a rejected answer."""


class RewardObjective(Section):
    """How a comparison becomes a loss."""

    center: Annotated[float, INLINE_DEFAULT, Field(ge=0)] = 0.0
    """Pull of the rewards towards a mean of zero; 0.01 is usual where a policy learns from them."""
    chat_template: Annotated[Literal["auto", "own", "plain"], INLINE] = "auto"
    """The model's own chat template, or the plain one (### User / ### Assistant) for a model that has none."""
    samples: Annotated[int, Field(ge=0, le=50)] = 3
    """How many test pairs are shown with their rewards before and after the training."""


class RewardTraining(Truncating):
    """How fast and how carefully."""


class RewardRun(BaseRun):
    """Tell which answer is better: a reward model."""

    goal: Annotated[Literal["reward"], CHOOSES_PART] = "reward"
    """Reward model."""
    data: RewardData
    """Which rows."""
    method: RewardMethod = Lora()
    """Which weights change."""
    objective: RewardObjective = RewardObjective()
    """What is learned from a row."""
    training: RewardTraining = RewardTraining()
    """How it is trained."""

    def parts(self) -> dict[str, str]:
        """Return how the model is stored, and the part that makes pairs of rows with these roles."""
        stored = {"qlora": "nf4", "lora8": "int8"}.get(self.method.kind, "plain")
        return {"sequence_classifier": stored, "pairs": pairs(set(self.data.columns))}
