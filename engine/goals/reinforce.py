"""The goal reinforce: earn a reward."""

from typing import Annotated, Literal

from pydantic import Field

from engine.goals.shared import BaseRun, Data, Training
from engine.methods import Lora, ReinforceMethod
from engine.section import CHOOSES_PART, Section


class ReinforceData(Data):
    """Prompts; what else a rule needs stands in columns of its own."""


class ReinforceObjective(Section):
    """What is rewarded, and how boldly the policy moves."""

    algorithm: Annotated[Literal["ppo", "rloo", "grpo"], CHOOSES_PART] = "grpo"
    """How a reward becomes a gradient: ppo learns a value function, rloo and grpo compare several answers."""
    reward: dict[Literal["model", "function"], Annotated[str, Field(min_length=1)]]
    """Who pays: {model: FOLDER} is a reward model, {function: FILE.py:NAME} a Python function that you have read."""
    chat_template: Literal["auto", "own", "plain"] = "auto"
    """The model's own chat template, or the plain one (### User / ### Assistant) for a model that has none."""


class ReinforceTraining(Training):
    """How fast and how carefully."""


class ReinforceRun(BaseRun):
    """Earn a reward: reinforcement learning (PPO, RLOO, GRPO)."""

    goal: Annotated[Literal["reinforce"], CHOOSES_PART] = "reinforce"
    """Reinforcement learning."""
    data: ReinforceData
    """Which rows."""
    method: ReinforceMethod = Lora()
    """Which weights change."""
    objective: ReinforceObjective
    """What is learned from a row."""
    training: ReinforceTraining = ReinforceTraining()
    """How it is trained."""
