"""The methods: which weights change and how they are stored."""

from typing import Annotated, Literal

from pydantic import Field

from engine.section import CHOOSES_PART, Section


class Full(Section):
    """Every weight is trained: the most capacity, the most memory, the most forgetting."""

    kind: Annotated[Literal["full"], CHOOSES_PART] = "full"
    """All weights."""


class _LowRank(Section):
    """What all LoRA methods share (Hu et al. 2021, arXiv:2106.09685)."""

    rank: Annotated[int, Field(ge=1, le=1024)] = 16
    """Capacity of the adapter: columns of its two thin matrices."""
    alpha: Annotated[int, Field(ge=1, le=4096)] = 32
    """Strength of the adapter: its output is scaled by alpha / rank."""
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.05
    """Share of the adapter's inputs that is dropped while training."""
    targets: str | tuple[str, ...] = "all-linear"
    """Which layers get an adapter: all-linear, or a list such as [q_proj, v_proj]."""
    adapter_dtype: Literal["fp32", "bf16"] = "fp32"
    """How the adapter's own weights are stored; fp32 is the safe choice under mixed precision."""


class Lora(_LowRank):
    """Low-rank adapters beside frozen 16- or 32-bit weights."""

    kind: Annotated[Literal["lora"], CHOOSES_PART] = "lora"
    """LoRA."""


class Qlora(_LowRank):
    """Low-rank adapters beside weights frozen in 4 bit (Dettmers et al. 2023, arXiv:2305.14314)."""

    kind: Annotated[Literal["qlora"], CHOOSES_PART] = "qlora"
    """QLoRA."""
    quant_type: Literal["nf4", "fp4"] = "nf4"
    """The 4-bit code: nf4 suits normally distributed weights, fp4 is the plain float."""
    double_quant: bool = True
    """Quantise the quantisation constants too; saves about 0.4 bit per weight."""


class Lora8(_LowRank):
    """Low-rank adapters beside weights frozen in 8 bit (LLM.int8, Dettmers et al. 2022, arXiv:2208.07339)."""

    kind: Annotated[Literal["lora8"], CHOOSES_PART] = "lora8"
    """8-bit LoRA."""


AnyLora = Lora | Qlora | Lora8
SftMethod = Annotated[Full | Lora | Qlora | Lora8, Field(discriminator="kind")]
EmbedMethod = Annotated[Full | Lora, Field(discriminator="kind")]
