"""The goal prefer: prefer the better of two answers."""

from typing import Annotated, Literal

from pydantic import Field

from engine.goals.shared import BaseRun, Data, Training
from engine.methods import Lora, PreferMethod
from engine.section import CHOOSES_PART, Section


class PreferData(Data):
    """Prompts with a chosen and a rejected answer, or answers marked good or bad."""


class PreferObjective(Section):
    """How a preference becomes a loss."""

    loss: Annotated[Literal["sigmoid", "hinge", "ipo", "robust", "orpo", "simpo", "cpo", "kto"], CHOOSES_PART] = (
        "sigmoid"
    )
    """The loss: sigmoid is DPO's own; kto learns from single answers marked good or bad."""
    beta: Annotated[float, Field(gt=0)] = 0.1
    """How strongly the model is held to the reference; larger stays closer."""
    label_smoothing: Annotated[float, Field(ge=0, lt=0.5)] = 0.0
    """Share of the preferences that are believed to be wrong; robust needs it above 0."""
    chat_template: Literal["auto", "own", "plain"] = "auto"
    """The model's own chat template, or the plain one (### User / ### Assistant) for a model that has none."""


class PreferTraining(Training):
    """How fast and how carefully."""


class PreferRun(BaseRun):
    """Prefer the better of two answers: preference tuning (DPO and its variants)."""

    goal: Annotated[Literal["prefer"], CHOOSES_PART] = "prefer"
    """Preference tuning."""
    data: PreferData
    """Which rows."""
    method: PreferMethod = Lora()
    """Which weights change."""
    objective: PreferObjective = PreferObjective()
    """What is learned from a row."""
    training: PreferTraining = PreferTraining()
    """How it is trained."""
