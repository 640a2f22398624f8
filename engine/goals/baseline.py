"""The goal baseline: how good the untouched model is already."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from engine.goals.shared import BaseRun, Data, Dtype
from engine.goals.turns import turns
from engine.methods import Untrained
from engine.problem import Problem
from engine.section import CHOOSES_PART, INLINE, INLINE_DEFAULT, Section


class BaselineData(Data):
    """The rows that are asked; examples for the prompt come from the training rows."""

    template: str = "{instruction}\n\n{input}"
    """How instruction and input become one prompt; with {prompt} in it, such as "Summarise: {prompt}", the words around
    every prompt."""


class BaselineObjective(Section):
    """How the model is asked."""

    shots: Annotated[int, INLINE_DEFAULT, Field(ge=0, le=64)] = 0
    """Solved examples that are put before every question (for an encoder: of every class); 0: none."""
    question: str = "{text}\n\nWhich of these fits: {classes}?"
    """How a language model is asked for the class of a text; {text} and {classes} are put in."""
    chat_template: Annotated[Literal["auto", "own", "plain"], INLINE] = "auto"
    """The model's own chat template, or the plain one (### User / ### Assistant) for a model that has none."""
    query_prompt: Annotated[str, INLINE_DEFAULT] = ""
    """Text put before every question that a passage is searched for."""
    document_prompt: Annotated[str, INLINE_DEFAULT] = ""
    """Text put before every passage."""
    samples: Annotated[int, Field(ge=0, le=50)] = 3
    """How many answers are shown, to judge by eye."""
    max_new_tokens: Annotated[int, Field(ge=1, le=4096)] = 64
    """Longest answer, in tokens."""

    @model_validator(mode="after")
    def _asks_about_the_text(self) -> "BaselineObjective":
        if "{text}" not in self.question:
            raise ValueError("the question must have {text} in it, where the text of a row is put in")
        return self


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

    @property
    def asks(self) -> Literal["answers", "classes", "nearest", "search"]:
        """What is measured, by the roles of the columns and the kind of the model."""
        roles = set(self.data.columns)
        if {"anchor", "positive"} <= roles:
            return "search"
        if {"text", "label"} <= roles:
            return "nearest" if self.model.kind == "encoder" else "classes"
        return "answers"

    @model_validator(mode="after")
    def _can_be_asked(self) -> "BaselineRun":
        if self.asks == "search" and self.objective.shots:
            raise ValueError("a search takes no examples; set objective.shots to 0")
        if self.asks == "classes" and self.model.kind == "seq2seq":
            raise ValueError(
                f"{self.model.id} turns one text into another; for the class of a text take a causal model"
            )
        if self.asks == "answers" and self.model.kind == "encoder" and self.data.columns:
            raise ValueError(f"{self.model.id} reads texts and cannot answer; take a causal model, or text and label")
        return self

    def recipe(self) -> str:
        """Return the recipe that asks what these rows can tell."""
        return f"baseline_{self.asks}"

    def parts(self) -> dict[str, str]:
        """Return the parts that read rows with these roles, for this kind of model."""
        if self.asks != "answers":
            return {"language_model": "plain"}
        found = turns(self.data.columns)
        if found.pop("tokens") == "text":
            advice = "map prompt and completion, or text and label; the goal pretrain measures texts before it trains"
            raise Problem("plain texts ask for no answer", where="data.columns", advice=advice)
        if found["turns"] == "prompt_completion" and "{prompt}" in self.data.template:
            found["turns"] = "framed_prompt"
        pairs = self.model.kind == "seq2seq"
        own = dict.fromkeys(("model_class", "asking", "loss_kernel"), "seq2seq")
        return found | (own if pairs else {"asking": "causal"})
