"""The run: one complete, typed, frozen description of one training.

The docstring under a field is its help text everywhere (form, command line, documentation). A field
becomes a setting of the script under its own name in upper case, or under the name in `Setting`;
a field marked `CHOOSES_PART` decides which part is assembled, one marked `NOT_IN_SCRIPT` stays outside.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, model_validator

from engine.methods import EmbedMethod, Lora, SftMethod
from engine.section import CHOOSES_PART, NOT_IN_SCRIPT, Section, Setting

VERSION = 1


Dtype = Literal["auto", "bf16", "fp16", "fp32"]
Every = Annotated[int, Field(ge=1)] | Literal["epoch"]


class Model(Section):
    """Which model is trained, and how its weights are held."""

    id: Annotated[str, Setting("BASE_MODEL"), Field(min_length=1)]
    """A folder with a config.json, or a hub id such as BAAI/bge-base-en-v1.5."""
    revision: str = "main"
    """Branch, tag or commit of a hub model; ignored for a folder."""
    dtype: Dtype = "auto"
    """How the weights are stored while training; auto follows the method and the GPU."""
    attention: Literal["auto", "flash", "sdpa", "eager"] = "auto"
    """The attention kernel; flash needs a GPU of compute capability 8.0 and the flash-attn package."""
    trust_remote_code: bool = False
    """Run Python code that comes with the model; leave it off unless you have read that code."""


class Data(Section):
    """Which rows are learned from, and which are kept apart for the test."""

    train: Annotated[str, Field(min_length=1)]
    """A file (json, jsonl, csv, tsv, parquet, txt, md), a folder of such files, or a hub id."""
    test: str = ""
    """A file of test rows; empty: a share of the training rows is held out."""
    test_fraction: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.1
    """Share of the rows that is held out for the test when no test file is given."""
    group: str = ""
    """A column whose equal values stay together, so that one document is never in both train and test."""
    columns: Annotated[dict[str, str], CHOOSES_PART] = Field(default_factory=dict)
    """Which column plays which role, for instance {anchor: question, positive: context}."""


class SftData(Data):
    """Rows of text to imitate."""

    template: str = "{instruction}\n\n{input}"
    """How instruction and input become one prompt; only for rows with an instruction."""


class EmbedData(Data):
    """Pairs of texts that belong together."""


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


class EmbedObjective(Section):
    """What brings matching texts together."""

    loss: Annotated[Literal["MultipleNegativesRankingLoss"], CHOOSES_PART] = "MultipleNegativesRankingLoss"
    """The ranking loss; every other passage of the batch is a wrong answer."""
    matryoshka: tuple[Annotated[int, Field(ge=1)], ...] = (384, 256, 128, 64, 32)
    """Embedding sizes that must all work, from large to small; the first is the model's own width."""
    best_dimension: int = Field(ge=1, default_factory=lambda known: next(iter(known.get("matryoshka", ())), 384))
    """The embedding size whose nDCG@10 picks the best checkpoint; one of the sizes above."""
    scale: Annotated[float, Field(gt=0)] = 20.0
    """Factor on the cosine similarities before the softmax (1 / temperature)."""
    query_prompt: str = ""
    """Text put before every question, here and wherever the model is used."""
    document_prompt: str = ""
    """Text put before every passage, here and wherever the model is used."""

    @model_validator(mode="after")
    def _sizes(self) -> "EmbedObjective":
        if not self.matryoshka:
            raise ValueError("at least one embedding size is needed, for instance [384]")
        if list(self.matryoshka) != sorted(set(self.matryoshka), reverse=True):
            raise ValueError("embedding sizes must run from large to small without repeats")
        if self.best_dimension not in self.matryoshka:
            raise ValueError(f"best_dimension {self.best_dimension} is not one of {list(self.matryoshka)}")
        return self


class Training(Section):
    """How long, how fast and how carefully the weights are moved."""

    epochs: Annotated[float, Field(gt=0, le=1000)] = 3.0
    """How often every training row is seen."""
    max_steps: Annotated[int, Field(ge=0)] = 0
    """Stop after this many steps whatever the epochs say; 0: no limit."""
    batch: Annotated[int, Field(ge=1)] = 8
    """Rows that are on the device at once."""
    accumulate: Annotated[int, Field(ge=1)] = 1
    """Batches that are added up before the weights move; batch x accumulate is one step."""
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 2e-4
    """Size of the largest move; LoRA wants about ten times what full tuning takes."""
    schedule: Literal["cosine", "linear", "constant", "constant_with_warmup"] = "cosine"
    """How the learning rate falls over the run."""
    warmup: Annotated[float, Field(ge=0)] = 0.1
    """Rise of the learning rate at the start: a share of the steps below 1, a number of steps from 1 on."""
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Pull of the weights towards zero."""
    max_grad_norm: Annotated[float, Field(gt=0)] = 1.0
    """Longest gradient; a longer one is shortened to this."""
    max_length: Annotated[int, Field(ge=8)] = 1024
    """Longest text in tokens; what is longer is cut."""
    gradient_checkpointing: bool = False
    """Compute activations twice instead of storing them: about 30 % slower, far less memory."""
    optimizer: Literal["adamw", "adamw_8bit", "paged_adamw_8bit", "adafactor"] = "adamw"
    """What turns gradients into moves; the 8-bit and paged ones need a GPU."""
    precision: Dtype = "auto"
    """Arithmetic of the training: bf16 from compute capability 8.0, fp16 below it, fp32 on a CPU."""
    threads: Annotated[int, Field(ge=0)] = 0
    """CPU threads; losses differ in the last digits between one and two. 0: all cores of this machine."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    """Start of every random number: split, order of the rows, dropout, new weights."""
    log_every: Annotated[int, Field(ge=1)] = 1
    """Steps between two points of the loss curve."""
    evaluate_every: Every = "epoch"
    """Steps between two evaluations, or epoch."""
    save_every: Every = "epoch"
    """Steps between two checkpoints, or epoch; a multiple of evaluate_every, so that the best can be kept."""
    keep_checkpoints: Annotated[int, Field(ge=1)] = 2
    """Checkpoints that stay on the disk beside the best one."""

    @model_validator(mode="after")
    def _whole_evaluations(self) -> "Training":
        evaluate, save = self.evaluate_every, self.save_every
        if isinstance(evaluate, int) and isinstance(save, int) and save % evaluate:
            raise ValueError(f"save_every ({save}) must be a multiple of evaluate_every ({evaluate})")
        if {"evaluate_every", "save_every"} <= self.model_fields_set and isinstance(evaluate, int) != isinstance(
            save, int
        ):
            raise ValueError("evaluate_every and save_every are both steps or both epoch")
        return self


class SftTraining(Training):
    """Training of a language model."""

    packing: bool = False
    """Put several short rows into one sequence; needs flash attention to keep them apart."""


class EmbedTraining(Training):
    """Training of an embedding model."""

    attention_dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    """Share of the attention that is dropped while training; above 0 a CPU loses its fast attention kernel."""


class Launch(Section):
    """Where the training runs."""

    device: Literal["auto", "cuda", "cpu"] = "auto"
    """cuda refuses to fall back to the CPU; cpu hides the cards."""
    devices: tuple[str, ...] = ()
    """Cards by index or UUID; empty: the freest card that this machine allows."""


class Output(Section):
    """What the run is called."""

    name: Annotated[str, NOT_IN_SCRIPT, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")] = "run"
    """Prefix of the run's folder: letters, digits, dot, dash and underscore."""


class _Run(Section):
    """What the runs of all goals share."""

    version: Annotated[Literal[1], NOT_IN_SCRIPT] = 1
    """Version of this description."""
    model: Model
    """Which model."""
    launch: Launch = Launch()
    """Where it runs."""
    output: Output = Output()
    """What it is called."""
    tracking: tuple[Literal["tensorboard", "wandb", "mlflow", "trackio"], ...] = ()
    """Trackers that get the curves as well; each needs its own package."""


class SftRun(_Run):
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


class EmbedRun(_Run):
    """Find the right passage: an embedding model for search."""

    goal: Annotated[Literal["embed"], CHOOSES_PART] = "embed"
    """Embedding model."""
    data: EmbedData
    """Which rows."""
    method: EmbedMethod = Lora(rank=8, alpha=32, dropout=0.1)
    """Which weights change."""
    objective: EmbedObjective = EmbedObjective()
    """What is learned from a pair."""
    training: EmbedTraining = EmbedTraining()
    """How it is trained."""


Run = SftRun | EmbedRun
RUN_TYPES: dict[str, type[SftRun] | type[EmbedRun]] = {"sft": SftRun, "embed": EmbedRun}
_ADAPTER: TypeAdapter[Run] = TypeAdapter(Annotated[Run, Field(discriminator="goal")])


def parse(values: dict[str, Any]) -> Run:
    """Validate nested plain values (sparse or complete) into a run; raises pydantic's ValidationError."""
    return _ADAPTER.validate_python(values)


def plain(run: Run) -> dict[str, Any]:
    """Return every field of a run as nested plain values that YAML and JSON can hold."""
    return run.model_dump(mode="json")


def given(run: Run) -> dict[str, Any]:
    """Return only the fields that somebody set, as nested plain values: the sparse form of a run."""
    return run.model_dump(mode="json", exclude_unset=True)
