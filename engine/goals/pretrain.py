"""The goal pretrain: learn a domain from its plain texts."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from engine.goals.shared import BaseRun, LossKernel, Truncating
from engine.methods import Lora, PretrainMethod
from engine.problem import Problem
from engine.retention import AnyRetention, KeepingData, NoRetention, keeping
from engine.section import CHOOSES_PART, Section


class PretrainData(KeepingData):
    """Plain texts: a file of prose or code is one text, a row of a table as well."""


class PretrainObjective(Section):
    """What is learned from a text."""

    samples: Annotated[int, Field(ge=0, le=50)] = 3
    """How many beginnings of test texts are continued before and after the training, to compare by eye."""
    max_new_tokens: Annotated[int, Field(ge=1, le=4096)] = 64
    """Longest continuation, in tokens."""


class PretrainTraining(Truncating):
    """How fast and how carefully."""

    packing: Annotated[bool, CHOOSES_PART] = True
    """Join the texts and cut them into equal lengths, so that nothing is padding."""
    loss_kernel: Annotated[LossKernel, CHOOSES_PART] = "chunked"
    """How logits become a loss: chunked (tile by tile, never all of them), plain (all at once), or liger (its layers
    beside the tiles; needs a GPU and liger-kernel)."""


class PretrainRun(BaseRun):
    """Learn the language of a domain from plain texts: task-adaptive pre-training."""

    goal: Annotated[Literal["pretrain"], CHOOSES_PART] = "pretrain"
    """Task-adaptive pre-training."""
    data: PretrainData
    """Which rows."""
    method: PretrainMethod = Lora()
    """Which weights change."""
    objective: PretrainObjective = PretrainObjective()
    """What is learned from a row."""
    training: PretrainTraining = PretrainTraining()
    """How it is trained."""
    retention: AnyRetention = NoRetention()
    """What is done against forgetting."""

    @model_validator(mode="after")
    def _whole_texts(self) -> "PretrainRun":
        if self.model.kind in ("seq2seq", "encoder"):
            raise ValueError(f"{self.model.id} does not continue texts; choose a causal language model")
        return self

    def recipe(self) -> str:
        """Return the recipe: the plain one, or that of what should not be forgotten."""
        return "pretrain_keep" if self.data.keep or self.retention.kind != "none" else "pretrain"

    def parts(self) -> dict[str, str]:
        """Return the part that turns texts into tokens: joined and cut, or one by one."""
        if set(self.data.columns) != {"text"}:
            advice = "map text alone, as in {text: content}"
            raise Problem("the columns do not say which of them is the text", where="data.columns", advice=advice)
        found = {"tokens": "packed" if self.training.packing else "text", "loss_kernel": self.training.loss_kernel}
        found["evaluation.test_sets"] = "one" if self.recipe() == "pretrain" else "several"
        return found | keeping(self.retention.kind, self.data.keep, "causal", "texts")
