"""The goal classify: sort texts into classes."""

from typing import Annotated, Literal

from pydantic import Field

from engine.goals.shared import BaseRun, LabelledData, Training
from engine.methods import ClassifyMethod, Lora
from engine.problem import Problem
from engine.retention import AnyRetention, KeepingData, NoRetention, keeping_classes
from engine.section import CHOOSES_PART, INLINE, Section


class ClassifyData(KeepingData, LabelledData):
    """Texts and the class of each; class names are read from the rows."""


class ClassifyObjective(Section):
    """What counts as right."""

    best: Annotated[Literal["macro_f1", "accuracy"], INLINE] = "macro_f1"
    """The measure that picks the best checkpoint; macro F1 counts rare classes as much as frequent ones."""
    class_weights: Annotated[Literal["equal", "balanced"], INLINE] = "equal"
    """How much a row counts in the loss: all the same, or more the rarer its class is."""
    samples: Annotated[int, Field(ge=0, le=50)] = 3
    """How many test texts are shown with their classes before and after the training."""


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

    def recipe(self) -> str:
        """Return the recipe: a head on features that are computed once is trained by one of its own."""
        return "classify_head" if self.method.kind == "head" else "classify"

    def parts(self) -> dict[str, str]:
        """Return how the classifier is stored, once the columns say what is sorted by what."""
        if not {"text", "label"} <= set(self.data.columns):
            advice = "map text and label (and text_pair where two texts are judged together), as in {text: review, ...}"
            raise Problem("the columns do not say what is sorted by what", where="data.columns", advice=advice)
        stored = {"qlora": "nf4", "lora8": "int8"}.get(self.method.kind, "plain")
        kept = keeping_classes(self.retention.kind, self.data.keep, frozen=self.method.kind == "head")
        return {"sequence_classifier": stored, **kept}
