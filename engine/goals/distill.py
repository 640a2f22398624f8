"""The goal distill: learn from a larger model."""

from typing import Annotated, Literal

from pydantic import Field

from engine.goals.shared import BaseRun, Data, Truncating
from engine.goals.turns import turns
from engine.methods import DistillMethod, Full
from engine.problem import Problem
from engine.section import CHOOSES_PART, INLINE, Section


class DistillData(Data):
    """Prompts, with answers where there are any."""

    template: str = "{instruction}\n\n{input}"
    """How instruction and input become one prompt; only for rows with an instruction."""


class DistillObjective(Section):
    """What is learned from the teacher."""

    teacher: Annotated[str, Field(min_length=1)]
    """The model to learn from: a folder or a hub id."""
    teacher_revision: Annotated[str, INLINE] = "main"
    """Branch, tag or commit of a teacher on the hub; ignored for a folder."""
    imitate: Annotated[Literal["auto", "logits", "text"], CHOOSES_PART] = "auto"
    """The teacher's probabilities (it needs the same tokenizer), or the text that it writes (any teacher)."""
    divergence: Annotated[Literal["forward", "reverse"], INLINE] = "forward"
    """Forward KL covers all that the teacher may say; reverse KL keeps to what it says most (Gu et al. 2023)."""
    temperature: Annotated[float, Field(gt=0, le=100)] = 2.0
    """Softness of the probabilities that are compared (Hinton et al. 2015); 1: as they are."""
    answer_weight: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of the ordinary loss on the rows' own answers; the rest is the divergence from the teacher."""
    answer_tokens: Annotated[int, Field(ge=1, le=32768)] = 256
    """Longest text that the teacher writes for a prompt, in tokens; only where text is imitated."""
    loss_on: Annotated[Literal["answer", "all"], INLINE] = "answer"
    """Learn the answer only, or the prompt as well."""
    chat_template: Annotated[Literal["auto", "own", "plain"], INLINE] = "auto"
    """The model's own chat template, or the plain one (### User / ### Assistant) for a model that has none."""
    samples: Annotated[int, Field(ge=0, le=50)] = 3
    """How many test prompts are answered before and after the training, to compare by eye."""
    max_new_tokens: Annotated[int, Field(ge=1, le=4096)] = 64
    """Longest sample answer, in tokens."""


class DistillTraining(Truncating):
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

    def recipe(self) -> str:
        """Return the recipe that imitates the teacher's text, or its probabilities."""
        return "distill_text" if self.objective.imitate == "text" else "distill_logits"

    def parts(self) -> dict[str, str]:
        """Return the parts that read rows with these roles; a Problem when nothing could be learned from them."""
        known, where = set(self.data.columns), "objective.imitate"
        if self.objective.imitate != "text":
            if known == {"prompt"}:
                advice = "set objective.imitate=text, so that the teacher answers them, or map a completion"
                raise Problem("prompts alone have no answer to compare probabilities on", where=where, advice=advice)
            return turns(known)
        if known == {"text"}:
            advice = "set objective.imitate=logits, or map the column as a prompt"
            raise Problem("plain texts hold no prompt that the teacher could answer", where=where, advice=advice)
        return turns(known | {"completion"} if "prompt" in known else known)
