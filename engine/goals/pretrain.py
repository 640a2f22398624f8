"""The goal pretrain: learn a domain from its plain texts."""

from typing import Annotated, Literal

from pydantic import Field

from engine.goals.shared import BaseRun, Data, Training
from engine.methods import Lora, PretrainMethod
from engine.retention import AnyRetention, NoRetention
from engine.section import CHOOSES_PART, Section


class PretrainData(Data):
    """Plain texts: files, or folders of Markdown or code."""

    keep: str = ""
    """Rows on which nothing should be forgotten (plain text or rows of the goal); measured before, during and after."""


class PretrainObjective(Section):
    """What is learned from a text."""

    samples: Annotated[int, Field(ge=0, le=50)] = 3
    """How many test prompts are answered before and after the training, to compare by eye."""
    max_new_tokens: Annotated[int, Field(ge=1, le=4096)] = 64
    """Longest sample answer, in tokens."""


class PretrainTraining(Training):
    """How fast and how carefully."""

    packing: Annotated[bool, Field()] = True
    """Join the texts and cut them into equal lengths, so that nothing is padding."""


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
