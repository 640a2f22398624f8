"""The goal sft: answer like the examples."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from engine.goals.shared import BaseRun, LossKernel, Truncating
from engine.goals.tasks import Task, Tasks, check_tasks, known_roles
from engine.goals.turns import mixture, turns
from engine.methods import Lora, SftMethod
from engine.retention import AnyRetention, KeepingData, NoRetention, keeping
from engine.section import CHOOSES_PART, INLINE, Section

PAIRS = "turns one text into another"


class SftData(KeepingData):
    """Rows of text to imitate."""

    train: Tasks  # type: ignore[assignment]
    """A file (json, jsonl, csv, tsv, parquet, txt, md), a folder of such files, a hub id, or a list of tasks."""
    columns: Annotated[dict[str, str], CHOOSES_PART, AfterValidator(known_roles)] = Field(default_factory=dict)
    """Which column plays which role, for instance {prompt: question, completion: answer}."""
    template: str = "{instruction}\n\n{input}"
    """How instruction and input become one prompt; with {prompt} in it, such as "Summarise: {prompt}", the words around
    every prompt."""

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks, where there are several."""
        return () if isinstance(self.train, str) else self.train

    @property
    def sources(self) -> tuple[str, ...]:
        """All that a training reads rows from: the files of every task, where there are several."""
        if not self.tasks:
            return super().sources
        return (self.keep, *(file for task in self.tasks for file in (task.file, task.test)))

    @property
    def told(self) -> str:
        """What the rows are called on a screen: their file, or the tasks."""
        return self.train if isinstance(self.train, str) else ", ".join(task.name for task in self.train)

    @model_validator(mode="after")
    def _own_tasks(self) -> "SftData":
        if self.tasks:
            check_tasks(self.tasks)
            for name in ("columns", "test", "group", "files"):
                if getattr(self, name):
                    raise ValueError(f"every task has {name} of its own; move data.{name} into data.train")
        return self


class SftObjective(Section):
    """What counts as a good answer while imitating."""

    loss_on: Annotated[Literal["answer", "all"], INLINE] = "answer"
    """Learn the answer only, or the prompt as well."""
    chat_template: Annotated[Literal["auto", "own", "plain"], INLINE] = "auto"
    """The model's own chat template, or the plain one (### User / ### Assistant) for a model that has none."""
    thinking: Annotated[Literal["as_is", "keep", "drop"], CHOOSES_PART] = "as_is"
    """What the assistant thinks before it answers (reasoning_content, <think>): given to the chat template as it is,
    learned with the answer, or left out."""
    samples: Annotated[int, Field(ge=0, le=50)] = 3
    """How many test prompts are answered before and after the training, to compare by eye."""
    max_new_tokens: Annotated[int, Field(ge=1, le=4096)] = 64
    """Longest sample answer, in tokens."""


class SftTraining(Truncating):
    """Training of a language model."""

    packing: Annotated[bool, INLINE] = False
    """Put several short rows into one sequence; needs flash attention to keep them apart."""
    loss_kernel: Annotated[LossKernel, CHOOSES_PART] = "chunked"
    """How logits become a loss: chunked (tile by tile, never all of them), plain (all at once), or liger (its layers
    beside the tiles; needs a GPU and liger-kernel)."""


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

    @model_validator(mode="before")
    @classmethod
    def _plain_loss_of_pairs(cls, values: Any) -> Any:
        """The default loss kernel is one of models that continue texts; a pair's is plain, also once it is written."""
        model, training = (values.get(name, {}) if isinstance(values, dict) else {} for name in ("model", "training"))
        if isinstance(model, dict) and isinstance(training, dict) and model.get("kind") == "seq2seq":
            return {**values, "training": {"loss_kernel": "plain", **training}}
        return values

    @model_validator(mode="after")
    def _whole_pairs(self) -> "SftRun":
        if self.model.kind != "seq2seq":
            return self
        columns = [self.data.columns, *(task.columns for task in self.data.tasks)]
        roles = {role for each in columns for role in each}
        if "text" in roles:
            raise ValueError(f"{self.model.id} {PAIRS}, and these are texts alone; map prompt and completion")
        if "tools" in roles:
            raise ValueError(f"{self.model.id} {PAIRS} and has no words for tools; leave the role tools out")
        if self.objective.loss_on == "all":
            raise ValueError(f"{self.model.id} {PAIRS}: its encoder reads the prompt; set objective.loss_on to answer")
        if "loss_kernel" in self.training.model_fields_set and self.training.loss_kernel != "plain":
            raise ValueError(f"{self.model.id} {PAIRS}, with its loss taken plainly; set training.loss_kernel to plain")
        if self.training.packing:
            raise ValueError(f"{self.model.id} {PAIRS}, which cannot be packed; set training.packing to false")
        return self

    def recipe(self) -> str:
        """Return the recipe: the plain one, or that of several tasks and of what should not be forgotten."""
        return "sft_tasks" if self.data.tasks or self.data.keep or self.retention.kind != "none" else "sft"

    def parts(self) -> dict[str, str]:
        """Return the parts that read rows with these roles, for this kind of model."""
        tasks = self.data.tasks
        found = mixture([task.columns for task in tasks]) if tasks else turns(self.data.columns)
        found |= {"loss_kernel": self.training.loss_kernel, "thinking": self.objective.thinking, "packing": "rows"}
        if found.get("turns") == "prompt_completion" and "{prompt}" in self.data.template:
            found["turns"] = "framed_prompt"
        plain = found.get("chat.tools") == "none" and self.objective.thinking == "as_is"
        if plain and found["turns"] in ("instruction", "framed_prompt"):
            found["tokens"] = "single"
        found["evaluation.test_sets"] = "one" if self.recipe() == "sft" else "several"
        pairs, form = self.model.kind == "seq2seq", "tasks" if tasks else "single"
        found |= keeping(self.retention.kind, self.data.keep, "seq2seq" if pairs else "causal", form)
        own = dict.fromkeys(("model_class", "model_task", "tokens", "trainer", "loss_kernel"), "seq2seq")
        return found | own if pairs else found
