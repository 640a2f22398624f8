"""What a block of each family keeps for its backward pass: its norms, its gates, how queries, keys and values lie."""

from dataclasses import dataclass
from functools import cache

from engine.shapes import CAUSAL, ENCODERS, SEQ2SEQ, Shape


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LAYER_NORM = (ENCODERS - {"eurobert"}) | _words(
    "bart bloom codegen cohere falcon gpt2 gpt_bigcode gpt_neo gpt_neox gptj led m2m_100 marian mbart mpt opt pegasus "
    "persimmon phi phimoe stablelm starcoder2 xglm"
)
"""Families whose norm is torch's own layer_norm, which keeps its input; the others compute theirs in 32 bit."""
ONE_NORM = _words("codegen cohere falcon gptj phi")
"""Attention and MLP read the same normalised stream, so that it is kept once."""
FOUR_NORMS = _words("gemma2 gemma3 gemma3_text glm4")
QUERY_NORMS = _words("gemma3 gemma3_text olmo2 olmoe qwen3 qwen3_moe")
"""Queries and keys have norms of their own, computed in 32 bit."""
SCALED_IN_32 = _words("gemma gemma2 gemma3 gemma3_text")
"""The norm's own weight is applied before the way back to 16 bit."""
FUSED = _words("chatglm codegen falcon gpt2 gpt_bigcode gpt_neox mpt modernbert persimmon phi3 qwen")
"""Queries, keys and values come out of one matrix: who keeps the values keeps all three."""
BIASED = _words("longt5 mt5 t5 umt5")
"""Positions are added to the attention matrix, which is therefore made whole."""
STEPWISE = _words("gelu_new gelu_fast gelu_python quick_gelu gelu_accurate")
"""Activations written as several operations, each of which keeps its operand."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What a family's block does, as far as memory is concerned."""

    rms: bool
    norms: int
    query_norms: bool
    scaled_in_32: bool
    fused: bool
    biased: bool
    wide: int
    """Tensors as wide as the MLP that wait for its backward pass."""


@cache
def habits(family: str, activation: str, *, gated: bool) -> Habits:
    """Return what a family does; of an unknown one, what most do, which is also what keeps the most."""
    return Habits(
        rms=family not in LAYER_NORM,
        norms=1 if family in ONE_NORM else 4 if family in FOUR_NORMS else 2,
        query_norms=family in QUERY_NORMS,
        scaled_in_32=family in SCALED_IN_32,
        fused=family in FUSED,
        biased=family in BIASED,
        wide=(3 if gated else 1) + (3 if activation in STEPWISE else 0),
    )


def habits_of(shape: Shape) -> Habits:
    """Return what the blocks of this shape do."""
    return habits(shape.family, shape.activation, gated=shape.gated_mlp)


def ungrouped(shape: Shape) -> bool:
    """Say whether one key for all queries is broadcast (Falcon 7B), which torch's fast kernels refuse."""
    return shape.family == "falcon" and shape.kv_heads == 1


def known(family: str) -> bool:
    """Say whether the blocks of this family have been looked at; others are estimated from their numbers alone."""
    return family in CAUSAL | ENCODERS | SEQ2SEQ
