"""What the runs of all goals share: the model, the rows, the pace, the place.

The docstring under a field is its help text everywhere (form, command line, documentation). A field
becomes a setting of the script under its own name in upper case, or under the name in `Setting`;
a field marked `CHOOSES_PART` decides which part is assembled, one marked `NOT_IN_SCRIPT` stays outside.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from engine.data.load_parts import load_parts
from engine.data.within import within
from engine.goals.row_choices import Conversion, Droppable
from engine.methods import misfit
from engine.section import CHOOSES_PART, INLINE, INLINE_DEFAULT, NOT_IN_SCRIPT, Section, Setting

Dtype = Literal["auto", "bf16", "fp16", "fp32"]
Every = Annotated[int, Field(ge=1)] | Literal["epoch"]
LossKernel = Literal["chunked", "plain", "liger"]
OPTIMIZERS = {"adamw_torch": "adamw", "adamw_bnb_8bit": "adamw_8bit"}
"""What the library calls an optimizer -> what it is called here."""


def _library_name(name: Any) -> Any:
    return OPTIMIZERS.get(name, name) if isinstance(name, str) else name


class Model(Section):
    """Which model is trained, and how its weights are held."""

    id: Annotated[str, Setting("BASE_MODEL"), Field(min_length=1)]
    """A folder with a config.json, or a hub id such as BAAI/bge-base-en-v1.5."""
    kind: Annotated[Literal["auto", "causal", "seq2seq", "encoder"], CHOOSES_PART] = "auto"
    """What the model is: continues texts, turns one text into another, or reads texts; auto is read from its config."""
    weights: Annotated[Literal["auto", "whole", "adapter"], CHOOSES_PART] = "auto"
    """What the folder holds: whole weights, or an adapter that is merged into its base first; auto: read from it."""
    origin: Annotated[str, NOT_IN_SCRIPT] = ""
    """The run whose result this model is; written by `from: RUN`."""
    revision: Annotated[str, INLINE] = "main"
    """Branch, tag or commit of a hub model; ignored for a folder."""
    dtype: Annotated[Dtype, INLINE] = "auto"
    """How the weights are stored while training; auto follows the method and the GPU."""
    attention: Literal["auto", "flash", "sdpa", "eager"] = "auto"
    """The attention kernel; flash needs a GPU of compute capability 8.0 and the flash-attn package."""
    trust_remote_code: Annotated[bool, INLINE] = False
    """Asks to run Python code that comes with the model; you are shown it, with its hash, before the first time."""


class Data(Section):
    """Which rows are learned from, and which are kept apart for the test."""

    train: Annotated[str, Field(min_length=1)]
    """A file (json, jsonl, csv, tsv, parquet, txt, md), a folder of such files, or a hub id."""
    files: Annotated[str, NOT_IN_SCRIPT] = ""
    """Of a folder or a hub data set only the files that match this pattern, such as train-*; empty: all of them."""
    test: Annotated[str, INLINE_DEFAULT] = ""
    """A file of test rows; empty: a share of the training rows is held out."""
    test_fraction: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.1
    """Share of the rows that is held out for the test when no test file is given."""
    group: Annotated[str, INLINE_DEFAULT] = ""
    """A column whose equal values stay together, so that one document is never in both train and test."""
    split: Annotated[Literal["content", "filled"], CHOOSES_PART] = "filled"
    """How the test is held out: every row by its content alone, where there are many; or filled up to its share, with
    groups kept whole and every class in it."""
    empty_rows: Annotated[Literal["refuse", "drop"], CHOOSES_PART] = "drop"
    """Rows with an empty field: drop them, or refuse to train, where all rows were looked at and none has one."""
    columns: Annotated[dict[str, str], CHOOSES_PART] = Field(default_factory=dict)
    """Which column plays which role, for instance {anchor: question, positive: context}."""
    reader: Annotated[Literal["library", "lines", "document", "table", "text"], CHOOSES_PART] = "library"
    """How files are read: as `datasets` reads them, or as JSON lines, a JSON document, a table, or lines of text."""
    encoding: Annotated[str, INLINE, Field(min_length=1)] = "utf-8"
    """How the letters of the files are written; not for the reader library."""
    layout: Annotated[Literal["rows", "wrapped", "keyed", "splits", "lists", "columns", "object"], INLINE] = "rows"
    """Where the rows lie in a JSON document: a list, a list in an object, the values of an object, lists of cells."""
    delimiter: Annotated[str, INLINE, Field(min_length=1, max_length=1)] = ","
    """What stands between two cells of a table."""
    quoted: Annotated[bool, INLINE] = True
    """Cells of a table may stand in quotes; false: quotes are letters."""
    header: Annotated[bool, INLINE] = True
    """The first line of a table names its columns; false: they are called column_1, column_2 and so on."""
    convert: Annotated[Conversion, CHOOSES_PART] = "none"
    """What becomes of every row before its columns get roles, such as chats: conversations as role and content."""
    chat_roles: Annotated[dict[str, str], INLINE_DEFAULT] = Field(default_factory=dict)
    """What speakers are called in the rows, for instance {client: user, agent: assistant}; only for convert: chats."""
    drop: Annotated[tuple[Droppable, ...], INLINE_DEFAULT] = ()
    """Checks whose rows are left out, such as duplicate_row; dropped.jsonl in the run's folder holds them."""

    @model_validator(mode="after")
    def _broken_rows(self) -> "Data":
        said = "reader" in self.model_fields_set  # else the guide will choose
        if said and "broken_row" in self.drop and self.reader not in ("lines", "table"):
            raise ValueError("broken rows are left out only where data.reader is lines or table")
        return self

    @model_validator(mode="after")
    def _split_by_content(self) -> "Data":
        if self.split == "content" and (self.group or "label" in self.columns):
            raise ValueError("data.split: content keeps no group whole and no class in the test; set it to filled")
        return self

    def parts(self) -> dict[str, str]:
        """Return the parts that read the files, convert the rows and leave some out."""
        made = self.reader != "library" or self.convert != "none"
        kept = "none" if self.empty_rows == "drop" else "whole"
        near = any(code.startswith("near_") for code in self.drop)
        return {
            "taken": "made" if made else "plain",
            "reader": self.reader,
            "convert": self.convert,
            "unfit": "not_text" if self.convert == "chats" else "none",
            "flaws": "kept_aside" if "broken_row" in self.drop else "refused",
            "cleaning": "chosen" if set(self.drop) - {"broken_row"} else kept,
            "data.empty_rows": self.empty_rows,
            "doubles": "near" if near else "equal",
            "data.split": self.split,
            **load_parts(self.sources),
        }

    @property
    def sources(self) -> tuple[str, ...]:
        """All that a training reads rows from."""
        return (self.source, self.test)

    @property
    def source(self) -> str:
        """What a training reads: the file, the folder, or those of its files that match the pattern."""
        return within(self.train, self.files)

    @property
    def told(self) -> str:
        """What the rows are called on a screen."""
        return self.train


class LabelledData(Data):
    """Rows with a label or a score, which may be called or scaled otherwise in the files."""

    label_names: Annotated[dict[str, str], INLINE_DEFAULT] = Field(default_factory=dict)
    """What labels are to be called, for instance {"0": negative, "1": positive}."""
    no_label: Annotated[tuple[Annotated[str, BeforeValidator(str)], ...], INLINE_DEFAULT] = ()
    """Labels or scores that mean that a row has none, such as -1; these rows are left out."""
    score_range: Annotated[tuple[float, ...], INLINE_DEFAULT] = ()
    """The lowest and the highest score on the scale of the rows; they are brought to 0 and 1. Empty: as they are."""

    @model_validator(mode="after")
    def _span(self) -> "LabelledData":
        if self.score_range and (len(self.score_range) != 2 or self.score_range[0] >= self.score_range[1]):
            raise ValueError(f"score_range {list(self.score_range)} is no span: give the lowest and the highest score")
        return self

    def parts(self) -> dict[str, str]:
        """Return the parts that read the rows, and the one that names labels or scales scores."""
        refined = "label_names" if self.label_names else "scores" if self.score_range else "none"
        found = super().parts() | {"refined": refined, "unlabelled": "marked" if self.no_label else "none"}
        return found | {"data.empty_rows": "drop"} if self.no_label else found


class Training(Section):
    """How long, how fast and how carefully the weights are moved."""

    epochs: Annotated[float, Field(gt=0, le=1000)] = 3.0
    """How often every training row is seen."""
    max_steps: Annotated[int, INLINE_DEFAULT, Field(ge=0)] = 0
    """Stop after this many steps whatever the epochs say; 0: no limit."""
    batch: Annotated[int, Field(ge=1)] = 8
    """Rows that are on the device at once."""
    accumulate: Annotated[int, Field(ge=1)] = 1
    """Batches that are added up before the weights move; batch x accumulate is one step."""
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 2e-4
    """Size of the largest move; LoRA wants about ten times what full tuning takes."""
    schedule: Annotated[Literal["cosine", "linear", "constant", "constant_with_warmup"], INLINE] = "cosine"
    """How the learning rate falls over the run."""
    warmup: Annotated[float, INLINE, Field(ge=0)] = 0.1
    """Rise of the learning rate at the start: a share of the steps below 1, a number of steps from 1 on."""
    weight_decay: Annotated[float, INLINE, Field(ge=0, le=1)] = 0.0
    """Pull of the weights towards zero."""
    max_grad_norm: Annotated[float, INLINE, Field(gt=0)] = 1.0
    """Longest gradient; a longer one is shortened to this."""
    max_length: Annotated[int, Field(ge=8)] = 1024
    """Longest text in tokens; what is longer is cut."""
    gradient_checkpointing: Annotated[bool, INLINE] = False
    """Compute activations twice instead of storing them: about 30 % slower, far less memory."""
    optimizer: Annotated[
        Literal["adamw", "adamw_8bit", "paged_adamw_8bit", "adafactor"], INLINE, BeforeValidator(_library_name)
    ] = "adamw"
    """What turns gradients into moves; the 8-bit and paged ones need a GPU."""
    precision: Dtype = "auto"
    """Arithmetic of the training: bf16 from compute capability 8.0, fp16 below it, fp32 on a CPU."""
    threads: Annotated[int, Field(ge=0)] = 0
    """CPU threads; losses differ in the last digits between one and two. 0: all cores of this machine."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    """Start of every random number: split, order of the rows, dropout, new weights."""
    log_every: Annotated[int, INLINE, Field(ge=1)] = 1
    """Steps between two points of the loss curve."""
    evaluate_every: Every = "epoch"
    """Steps between two evaluations, or epoch."""
    save_every: Every = "epoch"
    """Steps between two checkpoints, or epoch; a multiple of evaluate_every, so that the best can be kept."""
    keep_checkpoints: Annotated[int, INLINE, Field(ge=1)] = 2
    """Checkpoints that stay on the disk beside the best one."""
    on_out_of_memory: Annotated[Literal["stop", "halve"], NOT_IN_SCRIPT] = "stop"
    """When the device is full: stop and say what would fit, or go on by itself with half the micro-batch."""

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


class Truncating(Training):
    """A training that reads a prompt and its answer in one go, or a text alone."""

    too_long: Annotated[Literal["truncate", "drop"], CHOOSES_PART] = "truncate"
    """An example that is longer than max_length: truncate it (a prompt keeps at least half of the length, an answer
    loses its end, and no end of it is learned), or drop it; dropped.jsonl in the run's folder holds what is dropped."""


class Launch(Section):
    """Where the training runs."""

    device: Literal["auto", "cuda", "cpu"] = "auto"
    """cuda refuses to fall back to the CPU; cpu hides the cards."""
    devices: Annotated[tuple[str, ...], INLINE_DEFAULT] = ()
    """The card, by index or UUID; empty: the freest one that this machine allows."""

    @model_validator(mode="after")
    def _one_card(self) -> "Launch":
        if len(self.devices) > 1:
            raise ValueError(
                f"a run trains on one card, and launch.devices names {len(self.devices)}: name one of them"
            )
        return self


class Output(Section):
    """What the run is called."""

    name: Annotated[str, NOT_IN_SCRIPT, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")] = "run"
    """Prefix of the run's folder: letters, digits, dot, dash and underscore."""


class BaseRun(Section):
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

    @model_validator(mode="after")
    def _method_fits(self) -> "BaseRun":
        run: Any = self
        complaint = misfit(run.method, run.training, getattr(run, "retention", None))
        if complaint:
            raise ValueError(complaint)
        return self

    def recipe(self) -> str:
        """Return the module under engine/recipes that trains this run."""
        return str(self.goal)  # type: ignore[attr-defined]

    def parts(self) -> dict[str, str]:
        """Return which sibling of each group of parts this run needs, beside those of its method."""
        return {}

    def derived_settings(self) -> dict[str, object]:
        """Return the settings of the script that follow from several fields."""
        return {}
