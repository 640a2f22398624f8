"""The goal reward: tell which answer is better."""

from typing import Annotated, Literal

from engine.goals.shared import BaseRun, Data, Training
from engine.methods import Lora, RewardMethod
from engine.section import CHOOSES_PART, Section


class RewardData(Data):
    """Prompts with a chosen and a rejected answer."""


class RewardObjective(Section):
    """How a comparison becomes a loss."""

    chat_template: Literal["auto", "own", "plain"] = "auto"
    """The model's own chat template, or the plain one (### User / ### Assistant) for a model that has none."""


class RewardTraining(Training):
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
