"""How many parameters a config describes, to the last bias: what a family has beside the matrices of its blocks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.shapes import Config, Shape, count


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers that biases and norms are made of, by the letters that formulas use for them."""

    config: Config
    h: int
    f: int
    q: int
    k: int
    heads: int
    dim: int
    vocab: int
    decoder: int
    experts: int
    emb: int

    def on(self, key: str, usually: bool = False) -> bool:
        """Say whether the config switches something on."""
        return bool(self.config.get(key, usually))

    @property
    def qkv(self) -> int:
        """Biases of queries, keys and values."""
        return self.q + 2 * self.k

    @property
    def dense(self) -> int:
        """Biases of every layer of a plain block: queries, keys, values, the way out, and both of the MLP."""
        return self.qkv + self.h + self.f + self.h


Extra = tuple[int, int]
"""Numbers of one block beyond its matrices and two norms without bias, and numbers outside the blocks."""


def _llama(n: Numbers) -> Extra:
    attention = (n.qkv + n.h) * n.on("attention_bias") + n.qkv * n.on("use_qkv_bias")
    return attention + (2 * n.f + n.h) * n.on("mlp_bias"), n.h


def _qwen2_moe(n: Numbers) -> Extra:
    wide = int(n.config.get("shared_expert_intermediate_size", 0))
    return n.qkv * n.on("qkv_bias", True) + 3 * n.h * wide + n.h * bool(wide), n.h


def _gpt_oss(n: Numbers) -> Extra:
    experts = n.experts * (2 * n.f + n.h + 1)
    return (n.qkv + n.h) * n.on("attention_bias", True) + n.heads + experts, n.h


def _phi(n: Numbers) -> Extra:
    return n.dense + 4 * n.dim * n.on("qk_layernorm"), 2 * n.h + n.vocab


def _falcon(n: Numbers) -> Extra:
    two = n.on("new_decoder_architecture") and n.config.get("num_ln_in_parallel_attn") != 1
    norms = 2 * n.h if two or not n.on("parallel_attn", True) else 0
    return norms + n.dense * n.on("bias"), 2 * n.h


def _stablelm(n: Numbers) -> Extra:
    norms = 0 if n.on("use_parallel_residual") else 2 * n.h
    return norms + n.qkv * n.on("use_qkv_bias"), 2 * n.h


def _persimmon(n: Numbers) -> Extra:
    return 2 * n.h + n.dense + 4 * n.dim * n.on("qk_layernorm", True), 2 * n.h


def _cohere(n: Numbers) -> Extra:
    return (n.q + n.k) * n.on("use_qk_norm") + (n.qkv + n.h) * n.on("attention_bias") - n.h, n.h


def _bert(n: Numbers) -> Extra:
    types = int(n.config.get("type_vocab_size", 2))
    return 2 * n.h + n.dense, (2 + types) * n.emb + n.h * (n.h + 1)


def _roberta(n: Numbers) -> Extra:
    block, outside = _bert(n)
    return block, outside + 2 * n.emb


def _mpnet(n: Numbers) -> Extra:
    buckets = int(n.config.get("relative_attention_num_buckets", 32))
    return 2 * n.h + n.dense, 4 * n.h + n.h * (n.h + 1) + buckets * n.heads


def _electra(n: Numbers) -> Extra:
    block, outside = _bert(n)
    mapped = n.h - n.emb * n.h if n.emb != n.h else 0  # one matrix with a bias, where `count` counts two without
    return block, outside - n.h * (n.h + 1) + mapped


def _albert(n: Numbers) -> Extra:
    block, outside = _bert(n)
    return block, outside + (n.h - n.emb * n.h if n.emb != n.h else n.h + n.emb * n.h)


def _deberta(n: Numbers) -> Extra:
    types, context = int(n.config.get("type_vocab_size", 0)), int(n.config.get("max_position_embeddings", 512))
    outside = (2 + types) * n.emb - (0 if n.on("position_biased_input", True) else context * n.emb)
    if n.on("relative_attention"):
        buckets = int(n.config.get("position_buckets", -1))
        reach = int(n.config.get("max_relative_positions", -1))
        outside += 2 * n.h * (buckets if buckets > 0 else reach if reach > 0 else context)
        outside += 2 * n.h * ("layer_norm" in str(n.config.get("norm_rel_ebd", "none")))
    return 2 * n.h + n.dense, outside


def _modernbert(n: Numbers) -> Extra:
    norm = n.h * (1 + n.on("norm_bias"))
    return n.h * 2 * n.on("norm_bias") + (n.qkv + n.h) * n.on("attention_bias") + (2 * n.f + n.h) * n.on(
        "mlp_bias"
    ), norm


def _opt(n: Numbers) -> Extra:
    wider = (n.h - n.emb) * int(n.config.get("max_position_embeddings", 0))  # positions are as wide as the model
    return 2 * n.h + n.dense, 4 * n.h + wider


def _t5(n: Numbers) -> Extra:
    return 0, 2 * n.h + 2 * n.heads * int(n.config.get("relative_attention_num_buckets", 32))


def _umt5(n: Numbers) -> Extra:
    each = n.heads * int(n.config.get("relative_attention_num_buckets", 32))  # every block has positions of its own
    return each, 2 * n.h + each * n.decoder


def _bart(n: Numbers) -> Extra:
    positions = n.h * (int(n.config.get("max_position_embeddings", 0)) + 4)  # of encoder and decoder, two more each
    crossing = n.decoder * (3 * n.h + n.dense + n.qkv + n.h)
    return 2 * n.h + n.dense, 4 * n.h + positions + crossing


EXTRAS: dict[str, Callable[[Numbers], Extra]] = {
    **dict.fromkeys(("llama", "mistral", "mixtral", "granite", "gemma", "phi3", "smollm3"), _llama),
    "qwen2": lambda n: (n.qkv, n.h),
    **dict.fromkeys(("qwen3", "qwen3_moe"), lambda n: (2 * n.dim + (n.qkv + n.h) * n.on("attention_bias"), n.h)),
    "qwen2_moe": _qwen2_moe,
    **dict.fromkeys(("olmoe", "olmo2"), lambda n: (n.q + n.k + (n.qkv + n.h) * n.on("attention_bias"), n.h)),
    "olmo": lambda n: ((n.qkv + n.h) * n.on("attention_bias") - 2 * n.h, 0),
    "phimoe": lambda n: (
        2 * n.h + (n.qkv + n.h) * n.on("attention_bias"),
        2 * n.h + n.vocab * n.on("lm_head_bias"),
    ),
    "gpt_oss": _gpt_oss,
    "gemma2": lambda n: (2 * n.h + (n.qkv + n.h) * n.on("attention_bias"), n.h),
    "gemma3_text": lambda n: (2 * n.h + 2 * n.dim + (n.qkv + n.h) * n.on("attention_bias"), n.h),
    "phi": _phi,
    "gpt_neox": lambda n: (2 * n.h + n.dense - (n.qkv + n.h) * (not n.on("attention_bias", True)), 2 * n.h),
    **dict.fromkeys(("gpt2", "gpt_bigcode"), lambda n: (2 * n.h + n.dense, 2 * n.h)),
    "gpt_neo": lambda n: (2 * n.h + n.dense - n.qkv, 2 * n.h),
    **dict.fromkeys(("gptj", "codegen"), lambda n: (n.f + n.h, 2 * n.h + n.vocab)),
    "falcon": _falcon,
    "bloom": lambda n: (2 * n.h + n.dense, 4 * n.h),
    "opt": _opt,
    "mpt": lambda n: (0, n.h),
    "stablelm": _stablelm,
    "starcoder2": lambda n: (2 * n.h + n.dense * n.on("use_bias", True), 2 * n.h),
    "cohere": _cohere,
    "glm": lambda n: (n.qkv * n.on("attention_bias"), n.h),
    "glm4": lambda n: (2 * n.h + n.qkv * n.on("attention_bias"), n.h),
    "persimmon": _persimmon,
    "bert": _bert,
    **dict.fromkeys(("roberta", "xlm-roberta", "camembert"), _roberta),
    "mpnet": _mpnet,
    "distilbert": lambda n: (2 * n.h + n.dense, 2 * n.h),
    "electra": _electra,
    "albert": _albert,
    "deberta-v2": _deberta,
    "modernbert": _modernbert,
    "eurobert": lambda n: ((n.qkv + n.h) * n.on("attention_bias") + (2 * n.f + n.h) * n.on("mlp_bias"), n.h),
    **dict.fromkeys(("t5", "mt5"), _t5),
    "umt5": _umt5,
    "bart": _bart,
}
"""Family -> what it has beside its matrices; held against transformers' own models in a test."""


def parameters(config: Config, shape: Shape) -> int:
    """Return the number of parameters that transformers makes of a config; of an unknown family, nearly that."""
    extra = EXTRAS.get(shape.family)
    if extra is None:
        return count(shape, shape.family)
    blocks = 1 if shape.family == "albert" else shape.layers
    each, outside = extra(_numbers(config, shape))
    return count(shape, shape.family) + blocks * each + outside


def _numbers(config: dict[str, Any], shape: Shape) -> Numbers:
    head = shape.head_dim or shape.hidden // max(1, shape.heads)
    return Numbers(
        config=config, h=shape.hidden, f=shape.intermediate, q=shape.query, k=shape.key, heads=shape.heads, dim=head,
        vocab=shape.vocab, decoder=shape.decoder_layers, experts=shape.experts, emb=shape.embedding or shape.hidden,
    )  # fmt: skip
