"""The goal classify: sort texts into classes."""

from typing import Annotated, Literal

from engine.goals.shared import BaseRun, Data, Training
from engine.methods import ClassifyMethod, Lora
from engine.retention import AnyRetention, NoRetention
from engine.section import CHOOSES_PART, Section


class ClassifyData(Data):
    """Texts and the class of each; class names are read from the rows."""

    keep: str = ""
    """Rows on which nothing should be forgotten (plain text or rows of the goal); measured before, during and after."""


class ClassifyObjective(Section):
    """What counts as right."""

    best: Literal["macro_f1", "accuracy"] = "macro_f1"
    """The measure that picks the best checkpoint; macro F1 counts rare classes as much as frequent ones."""


class ClassifyTraining(Training):
    """How fast and how carefully."""


class ClassifyRun(BaseRun):
    """Sort texts into classes: sequence classification."""

    goal: Annotated[Literal["classify"], CHOOSES_PART] = "classify"
    """Sequence classification."""
    data: ClassifyData
    """Which rows."""
    method: ClassifyMethod = Lora()
    """Which weights change."""
    objective: ClassifyObjective = ClassifyObjective()
    """What is learned from a row."""
    training: ClassifyTraining = ClassifyTraining()
    """How it is trained."""
    retention: AnyRetention = NoRetention()
    """What is done against forgetting."""
