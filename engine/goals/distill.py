"""The goal distill: learn from a larger model."""

from typing import Annotated, Literal

from pydantic import Field

from engine.goals.shared import BaseRun, Data, Training
from engine.goals.turns import turns
from engine.methods import DistillMethod, Full
from engine.section import CHOOSES_PART, Section


class DistillData(Data):
    """Prompts, with answers where there are any."""


class DistillObjective(Section):
    """What is learned from the teacher."""

    teacher: Annotated[str, Field(min_length=1)]
    """The model to learn from: a folder or a hub id."""
    temperature: Annotated[float, Field(gt=0)] = 2.0
    """Softness of the distributions that are compared."""
    chat_template: Literal["auto", "own", "plain"] = "auto"
    """The model's own chat template, or the plain one (### User / ### Assistant) for a model that has none."""
    samples: Annotated[int, Field(ge=0, le=50)] = 3
    """How many test prompts are answered before and after the training, to compare by eye."""
    max_new_tokens: Annotated[int, Field(ge=1, le=4096)] = 64
    """Longest sample answer, in tokens."""


class DistillTraining(Training):
    """How fast and how carefully."""


class DistillRun(BaseRun):
    """Learn from a larger model: distillation."""

    goal: Annotated[Literal["distill"], CHOOSES_PART] = "distill"
    """Distillation."""
    data: DistillData
    """Which rows."""
    method: DistillMethod = Full()
    """Which weights change."""
    objective: DistillObjective
    """What is learned from a row."""
    training: DistillTraining = DistillTraining()
    """How it is trained."""

    def parts(self) -> dict[str, str]:
        """Return the parts that read rows with these roles."""
        return turns(self.data.columns)
