"""The methods: which weights change and how they are stored."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from engine.section import CHOOSES_PART, INLINE, INLINE_DEFAULT, Section

MOVES_BASE = ("pissa", "olora")
"""Ways to begin an adapter that take directions out of the base: without the adapter it is no longer the base."""


def _word_or_list(targets: str | tuple[str, ...], *words: str) -> str | tuple[str, ...]:
    """Refuse a single name: a word stands for a set of layers, and names stand in a list."""
    if isinstance(targets, str) and targets not in words:
        raise ValueError(f"{targets!r} is not {' or '.join(words)}: names of layers stand in a list, as in [{targets}]")
    if not all(targets) or not targets:
        raise ValueError(f"name at least one layer, or take {words[0]}")
    return targets


class Full(Section):
    """Every weight is trained: the most capacity, the most memory, the most forgetting."""

    kind: Annotated[Literal["full"], CHOOSES_PART] = "full"
    """All weights."""


class LowRank(Section):
    """What all LoRA methods share (Hu et al. 2021, arXiv:2106.09685)."""

    rank: Annotated[int, Field(ge=1, le=1024)] = 16
    """Capacity of the adapter: columns of its two thin matrices."""
    alpha: Annotated[int, Field(ge=1, le=4096)] = 32
    """Strength of the adapter: its output is scaled by alpha / rank."""
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.05
    """Share of the adapter's inputs that is dropped while training."""
    targets: Annotated[str | tuple[str, ...], INLINE] = "all-linear"
    """Which layers get an adapter: all-linear, attention (only those in it), or a list such as [q_proj, v_proj]."""
    adapter_dtype: Annotated[Literal["fp32", "bf16"], INLINE] = "fp32"
    """How the adapter's own weights are stored; fp32 is the safe choice under mixed precision."""
    rslora: Annotated[bool, INLINE] = False
    """Scale by alpha / sqrt(rank) instead, which keeps large ranks learning (Kalajdzievski 2023, arXiv:2312.03732)."""
    dora: Annotated[bool, INLINE] = False
    """Learn length and direction of each weight apart (Liu et al. 2024, arXiv:2402.09353)."""
    init: Literal["default", "gaussian", "pissa", "olora", "orthogonal"] = "default"
    """How the adapter begins: as no change (default, gaussian, orthogonal), or with the base's own (pissa, olora)."""

    @field_validator("targets")
    @classmethod
    def _known_word(cls, targets: str | tuple[str, ...]) -> str | tuple[str, ...]:
        return _word_or_list(targets, "all-linear", "attention")

    @model_validator(mode="after")
    def _even_rank(self) -> "LowRank":
        if self.init == "orthogonal" and self.rank % 2:
            raise ValueError(f"init orthogonal needs an even rank, and it is {self.rank}")
        return self


class Packed(LowRank):
    """LoRA beside weights that are packed into 4 or 8 bit."""

    @model_validator(mode="after")
    def _base_stays(self) -> "Packed":
        if self.init in MOVES_BASE:
            what = f"init {self.init} rewrites the base's weights, which are packed here"
            raise ValueError(f"{what}: take init default, or method.kind lora")
        return self


class Lora(LowRank):
    """Low-rank adapters beside frozen 16- or 32-bit weights."""

    kind: Annotated[Literal["lora"], CHOOSES_PART] = "lora"
    """LoRA."""


class Qlora(Packed):
    """Low-rank adapters beside weights frozen in 4 bit (Dettmers et al. 2023, arXiv:2305.14314)."""

    kind: Annotated[Literal["qlora"], CHOOSES_PART] = "qlora"
    """QLoRA."""
    quant_type: Annotated[Literal["nf4", "fp4"], INLINE] = "nf4"
    """The 4-bit code: nf4 suits normally distributed weights, fp4 is the plain float."""
    double_quant: Annotated[bool, INLINE] = True
    """Quantise the quantisation constants too; saves about 0.4 bit per weight."""
    upcast: Annotated[bool, INLINE] = False
    """Hold what is not packed (embeddings, norms, head) in 32 bit, as PEFT's prepare_model_for_kbit_training does."""


class Lora8(Packed):
    """Low-rank adapters beside weights frozen in 8 bit (LLM.int8, Dettmers et al. 2022, arXiv:2208.07339)."""

    kind: Annotated[Literal["lora8"], CHOOSES_PART] = "lora8"
    """8-bit LoRA."""


class Untrained(Section):
    """No weight is trained: the model is asked as it is."""

    kind: Annotated[Literal["none"], CHOOSES_PART] = "none"
    """No training."""


class Ia3(Section):
    """Learned factors on keys, values and the MLP (Liu et al. 2022, arXiv:2205.05638): the fewest trained numbers."""

    kind: Annotated[Literal["ia3"], CHOOSES_PART] = "ia3"
    """IA3."""
    targets: Annotated[str | tuple[str, ...], INLINE] = "default"
    """Which layers get factors: default (keys, values, the MLP's way out), or a list such as [k_proj, down_proj]."""

    @field_validator("targets")
    @classmethod
    def _known_word(cls, targets: str | tuple[str, ...]) -> str | tuple[str, ...]:
        return _word_or_list(targets, "default")


class Prefix(Section):
    """Learned keys and values before every layer's own (Li and Liang 2021, arXiv:2101.00190)."""

    kind: Annotated[Literal["prefix"], CHOOSES_PART] = "prefix"
    """Prefix tuning."""
    tokens: Annotated[int, Field(ge=1, le=4096)] = 20
    """Virtual tokens that are put before the text."""


class Prompt(Section):
    """Learned vectors before the text (Lester et al. 2021, arXiv:2104.08691)."""

    kind: Annotated[Literal["prompt"], CHOOSES_PART] = "prompt"
    """Prompt tuning."""
    tokens: Annotated[int, Field(ge=1, le=4096)] = 20
    """Virtual tokens that are put before the text."""


class PTuning(Section):
    """Learned vectors before the text, made by a small network (Liu et al. 2021, arXiv:2103.10385)."""

    kind: Annotated[Literal["p_tuning"], CHOOSES_PART] = "p_tuning"
    """P-tuning."""
    tokens: Annotated[int, Field(ge=1, le=4096)] = 20
    """Virtual tokens that are put before the text."""


class Bottleneck(Section):
    """Small trainable layers after attention and MLP of every block (Houlsby et al. 2019, arXiv:1902.00751)."""

    kind: Annotated[Literal["bottleneck"], CHOOSES_PART] = "bottleneck"
    """Bottleneck adapters."""
    size: Annotated[int, Field(ge=1, le=4096)] = 64
    """Width of the bottleneck."""


class Layers(Section):
    """The last blocks and the head train, everything below is frozen."""

    kind: Annotated[Literal["layers"], CHOOSES_PART] = "layers"
    """Layer-wise tuning."""
    last: Annotated[int, Field(ge=1)] = 2
    """How many of the last blocks train."""


class Head(Section):
    """Features of the frozen model are computed once, and a small head is trained on them."""

    kind: Annotated[Literal["head"], CHOOSES_PART] = "head"
    """Feature-based tuning."""
    hidden: Annotated[int, INLINE_DEFAULT, Field(ge=0, le=65536)] = 0
    """Width of the head's hidden layer; 0: a linear head."""


AnyLora = Lora | Qlora | Lora8
AnyPrompt = Prefix | Prompt | PTuning

# Which method goes with which goal: the unions are the table, and tests/recipes walk every cell of it.
# What is missing, and why: sentence-transformers takes no learned prompts, and our encoders are loaded unpacked
# (embed). An encoder has no cache for a prefix, and of the prompts one is enough (classify). Prompts lengthen what a
# model gives out, which preference trainers and our own loops take by its place (prefer, reward, reinforce, distill).
# Texts that are joined have no one place for a prompt (pretrain). The rest is LoRA's work: nothing speaks against it
# but time to test.
SftMethod = Annotated[
    Full | Lora | Qlora | Lora8 | Ia3 | Prefix | Prompt | PTuning | Bottleneck | Layers, Field(discriminator="kind")
]
PretrainMethod = Annotated[Full | Lora | Qlora | Lora8 | Ia3 | Bottleneck | Layers, Field(discriminator="kind")]
ClassifyMethod = Annotated[
    Full | Lora | Qlora | Lora8 | Ia3 | Prompt | Bottleneck | Layers | Head, Field(discriminator="kind")
]
EmbedMethod = Annotated[Full | Lora | Ia3 | Bottleneck | Layers, Field(discriminator="kind")]
PreferMethod = Annotated[Full | Lora | Qlora | Lora8 | Ia3 | Layers, Field(discriminator="kind")]
RewardMethod = Annotated[Full | Lora | Qlora | Lora8 | Layers, Field(discriminator="kind")]
ReinforceMethod = Annotated[Full | Lora | Qlora, Field(discriminator="kind")]
DistillMethod = Annotated[Full | Lora | Qlora | Layers, Field(discriminator="kind")]


def misfit(method: Section, training: Section, retention: Section | None) -> str:
    """Return why a method does not go with the rest of a run, empty if it does."""
    if isinstance(method, Prefix) and getattr(training, "gradient_checkpointing", False):
        return (
            "gradient checkpointing throws the keys and values of a prefix away: set training.gradient_checkpointing "
            "to false, or method.kind to prompt"
        )
    if isinstance(method, AnyPrompt) and getattr(training, "packing", False):
        return "what is learned stands before one text, and packing joins several: set training.packing to false"
    if getattr(method, "adapter_dtype", "") == "bf16" and getattr(training, "precision", "") == "fp16":
        return "fp16 scales its gradients, which bf16 adapters can't take: set method.adapter_dtype to fp32"
    if getattr(method, "init", "") in MOVES_BASE and getattr(retention, "kind", "none") == "distill":
        return f"init {method.init} rewrites the base, which the guard compares with: take method.init default"  # type: ignore[attr-defined]
    return ""
