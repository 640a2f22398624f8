"""The goal baseline: how good the untouched model is already."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from engine.goals.shared import BaseRun, Data, Dtype
from engine.methods import Untrained
from engine.section import CHOOSES_PART, Section


class BaselineData(Data):
    """The rows that are asked; examples for the prompt come from the training rows."""


class BaselineObjective(Section):
    """How the model is asked."""

    shots: Annotated[int, Field(ge=0, le=64)] = 0
    """Solved examples that are put before every question; 0: none."""
    chat_template: Literal["auto", "own", "plain"] = "auto"
    """The model's own chat template, or the plain one (### User / ### Assistant) for a model that has none."""
    samples: Annotated[int, Field(ge=0, le=50)] = 3
    """How many answers are shown, to judge by eye."""
    max_new_tokens: Annotated[int, Field(ge=1, le=4096)] = 64
    """Longest answer, in tokens."""


class BaselineTraining(Section):
    """How the questions are computed; nothing is trained."""

    batch: Annotated[int, Field(ge=1)] = 8
    """Rows that are on the device at once."""
    max_length: Annotated[int, Field(ge=8)] = 1024
    """Longest text in tokens; what is longer is cut."""
    precision: Dtype = "auto"
    """Arithmetic: bf16 from compute capability 8.0, fp16 below it, fp32 on a CPU."""
    threads: Annotated[int, Field(ge=0)] = 0
    """CPU threads; 0: all cores of this machine."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    """Start of every random number: split and choice of the examples."""

    epochs: ClassVar[float] = 0.0
    max_steps: ClassVar[int] = 0
    accumulate: ClassVar[int] = 1
    gradient_checkpointing: ClassVar[bool] = False
    optimizer: ClassVar[str] = "none"
    evaluate_every: ClassVar[int | str] = "epoch"
    learning_rate: ClassVar[float] = 0.0


class BaselineRun(BaseRun):
    """Measure the untouched model: zero-shot and few-shot prompting, no training."""

    goal: Annotated[Literal["baseline"], CHOOSES_PART] = "baseline"
    """No training."""
    data: BaselineData
    """Which rows."""
    method: Untrained = Untrained()
    """Which weights change."""
    objective: BaselineObjective = BaselineObjective()
    """How the model is asked."""
    training: BaselineTraining = BaselineTraining()
    """How it is trained."""
