"""The goal sft: answer like the examples."""

from typing import Annotated, Literal

from pydantic import Field

from engine.goals.shared import BaseRun, Data, Training
from engine.goals.turns import turns
from engine.methods import Lora, SftMethod
from engine.retention import AnyRetention, NoRetention
from engine.section import CHOOSES_PART, Section


class SftData(Data):
    """Rows of text to imitate."""

    template: str = "{instruction}\n\n{input}"
    """How instruction and input become one prompt; only for rows with an instruction."""
    keep: str = ""
    """Rows on which nothing should be forgotten (plain text or rows of the goal); measured before, during and after."""


class SftObjective(Section):
    """What counts as a good answer while imitating."""

    loss_on: Literal["answer", "all"] = "answer"
    """Learn the answer only, or the prompt as well."""
    chat_template: Literal["auto", "own", "plain"] = "auto"
    """The model's own chat template, or the plain one (### User / ### Assistant) for a model that has none."""
    samples: Annotated[int, Field(ge=0, le=50)] = 3
    """How many test prompts are answered before and after the training, to compare by eye."""
    max_new_tokens: Annotated[int, Field(ge=1, le=4096)] = 64
    """Longest sample answer, in tokens."""


class SftTraining(Training):
    """Training of a language model."""

    packing: bool = False
    """Put several short rows into one sequence; needs flash attention to keep them apart."""


class SftRun(BaseRun):
    """Answer like the examples: supervised fine-tuning of a language model."""

    goal: Annotated[Literal["sft"], CHOOSES_PART] = "sft"
    """Supervised fine-tuning."""
    data: SftData
    """Which rows."""
    method: SftMethod = Lora()
    """Which weights change."""
    objective: SftObjective = SftObjective()
    """What is learned from a row."""
    training: SftTraining = SftTraining()
    """How it is trained."""
    retention: AnyRetention = NoRetention()
    """What is done against forgetting."""

    def parts(self) -> dict[str, str]:
        """Return the parts that read rows with these roles."""
        return turns(self.data.columns)
