"""The shape of a transformer, read from its config.json whatever its family calls the numbers."""

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["causal", "encoder", "seq2seq", "unknown"]
Config = dict[str, Any]

NAMES: dict[str, tuple[str, ...]] = {
    "hidden": ("hidden_size", "n_embd", "d_model", "n_embed", "dim", "model_dim"),
    "layers": ("num_hidden_layers", "n_layer", "num_layers", "n_layers", "encoder_layers"),
    "heads": ("num_attention_heads", "n_head", "num_heads", "n_heads", "encoder_attention_heads"),
    "kv_heads": ("num_key_value_heads", "num_kv_heads", "n_head_kv", "multi_query_group_num"),
    "head_dim": ("head_dim", "d_kv", "kv_channels"),
    "intermediate": (
        "intermediate_size",
        "n_inner",
        "d_ff",
        "ffn_dim",
        "ffn_hidden_size",
        "hidden_dim",
        "encoder_ffn_dim",
    ),
    "vocab": ("padded_vocab_size", "vocab_size", "n_vocab"),
    "context": ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "n_ctx", "max_sequence_length"),
    "decoder_layers": ("num_decoder_layers", "decoder_layers"),
    "experts": ("num_local_experts", "num_experts", "n_routed_experts"),
    "experts_used": ("num_experts_per_tok", "moe_top_k"),
    "embedding": ("embedding_size", "word_embed_proj_dim"),
}
"""What this program calls a number -> what the families call it, the commonest first."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ENCODERS = _words(
    "albert bert camembert deberta deberta-v2 distilbert electra ernie eurobert gte modernbert mpnet new nomic_bert "
    "roberta roformer xlm-roberta xlm-roberta-xl xmod"
)
SEQ2SEQ = _words("bart led longt5 m2m_100 marian mbart mt5 pegasus t5 umt5")
CAUSAL = _words(
    "baichuan bloom chatglm codegen cohere deepseek_v2 deepseek_v3 falcon gemma gemma2 gemma3 gemma3_text glm glm4 "
    "gpt2 gpt_bigcode gpt_neo gpt_neox gpt_oss gptj granite internlm2 llama minicpm mistral mixtral mpt olmo olmo2 "
    "olmoe opt persimmon phi phi3 phimoe qwen qwen2 qwen2_moe qwen3 qwen3_moe smollm3 stablelm starcoder2 xglm"
)
GATED_ENCODERS = _words("eurobert modernbert new nomic_bert")
PLAIN_MLP = (ENCODERS - GATED_ENCODERS) | _words(
    "bart bloom codegen falcon gpt2 gpt_bigcode gpt_neo gpt_neox gptj led m2m_100 marian mbart mpt opt pegasus "
    "persimmon phi starcoder2 xglm"
)
"""Two matrices with an activation between them; the other families gate (three matrices)."""
UNTIED = _words(
    "baichuan chatglm codegen deepseek_v2 deepseek_v3 gpt_neox gpt_oss gptj granite internlm2 llama mistral mixtral "
    "olmo olmo2 olmoe persimmon phi phi3 phimoe qwen qwen2 qwen2_moe qwen3 qwen3_moe stablelm"
)
"""Families whose output head is a matrix of its own when the config says nothing."""
LEARNED_POSITIONS = (ENCODERS - GATED_ENCODERS - {"roformer"}) | _words("bart gpt2 gpt_bigcode gpt_neo mbart opt")
EAGER_ONLY = _words("bloom codegen deberta deberta-v2 gemma2 gpt_neo gpt_oss gptj led longt5 mpnet mpt roformer xglm")
"""Families that refuse SDPA in transformers 5.23 (`_supports_sdpa`), so that asking for it fails while loading."""
USUALLY_GELU_NEW = _words("gpt2 gptj codegen gpt_neo phi")
OFFSET_POSITIONS = frozenset({"roberta", "camembert", "xlm-roberta", "xlm-roberta-xl", "mpnet", "xmod"})
"""Families whose first position is 2, so that two of the positions can't be used (padding_idx + 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The numbers of a transformer that decide its size, its memory and its speed."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    intermediate: int
    vocab: int
    context: int
    tied: bool
    experts: int
    head_dim: int = 0
    decoder_layers: int = 0
    experts_used: int = 0
    gated_mlp: bool = True
    head: bool = True
    positions: bool = False
    embedding: int = 0
    attention_dropout: float = 0.0
    family: str = ""
    activation: str = ""
    softcap: bool = False

    @property
    def query(self) -> int:
        """Width of all queries of a token."""
        return self.heads * (self.head_dim or self.hidden // max(1, self.heads))

    @property
    def key(self) -> int:
        """Width of all keys (and of all values) of a token."""
        return self.kv_heads * (self.head_dim or self.hidden // max(1, self.heads))


def text_config(config: Config) -> Config:
    """Return the part of a config that describes the language model; images and sound keep theirs elsewhere."""
    inner = config.get("text_config")
    if isinstance(inner, dict) and _number(config, "hidden") is None:
        return {**config, **inner}
    return config


def kind(config: Config) -> Kind:
    """Return what the model does: continue text, encode it, or turn one text into another."""
    family = str(config.get("model_type", ""))
    architectures = [str(name) for name in config.get("architectures") or ()]
    if config.get("is_encoder_decoder") or family in SEQ2SEQ:
        return "seq2seq"
    if any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in architectures) and not (
        family in ENCODERS and not config.get("is_decoder")
    ):
        return "causal"
    if family in ENCODERS or any(name.endswith("ForMaskedLM") for name in architectures):
        return "encoder"
    return "causal" if family in CAUSAL else "unknown"


def read(config: Config) -> Shape | None:
    """Return the shape that a config describes, or None when width, depth or vocabulary are not in it."""
    family = str(config.get("model_type", ""))
    hidden, layers, vocab = (_number(config, name) for name in ("hidden", "layers", "vocab"))
    if not hidden or not layers or not vocab:
        return None
    heads = _number(config, "heads") or max(1, hidden // 64)
    gated = _gated(config, family)
    tied = config.get("tie_word_embeddings")
    return Shape(
        hidden=hidden,
        layers=layers,
        heads=heads,
        kv_heads=_kv_heads(config, family, heads),
        head_dim=_number(config, "head_dim") or hidden // heads,
        intermediate=_intermediate(config, family, hidden),
        vocab=vocab,
        context=_context(config, family),
        tied=bool(tied) if tied is not None else family not in UNTIED,
        experts=_number(config, "experts") or 0,
        experts_used=_number(config, "experts_used") or 0,
        decoder_layers=(_number(config, "decoder_layers") or layers) if kind(config) == "seq2seq" else 0,
        gated_mlp=gated,
        head=kind(config) != "encoder",
        positions=family in LEARNED_POSITIONS,
        embedding=_number(config, "embedding") or hidden,
        attention_dropout=_attention_dropout(config),
        family=family,
        activation=_activation(config, family),
        softcap=bool(config.get("attn_logit_softcapping")),
    )


def unsaid(config: Config) -> list[str]:
    """Return the usual names of the numbers that a config lacks and that no shape can do without."""
    return [NAMES[name][0] for name in ("hidden", "layers") if not _number(config, name)] + (
        [] if _number(config, "vocab") else ["vocab_size"]
    )


def count(shape: Shape, family: str = "") -> int:
    """Return the number of parameters that a shape comes to, biases and norms roughly (checked to 1 % on 37 models)."""
    embedding = shape.embedding or shape.hidden
    total = shape.vocab * embedding * (1 if shape.tied or not shape.head else 2)
    total += 2 * embedding * shape.hidden if embedding != shape.hidden else 0
    total += shape.context * embedding if shape.positions else 0
    blocks = 1 if family == "albert" else shape.layers
    total += blocks * (attention_weights(shape) + mlp_weights(shape) + 2 * shape.hidden)
    total += shape.decoder_layers * (2 * attention_weights(shape) + mlp_weights(shape) + 3 * shape.hidden)
    return total


def attention_weights(shape: Shape) -> int:
    """Return the weights of one attention: queries, keys, values and the way out."""
    return 2 * shape.hidden * (shape.query + shape.key)


def mlp_weights(shape: Shape, *, active: bool = False) -> int:
    """Return the weights of one feed-forward block with all its experts, or with those that one token uses."""
    one = (3 if shape.gated_mlp else 2) * shape.hidden * shape.intermediate
    experts = shape.experts_used if active else shape.experts
    return one * max(1, experts) + shape.hidden * shape.experts


def _number(config: Config, name: str) -> int | None:
    for key in NAMES[name]:
        value = config.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None


def _gated(config: Config, family: str) -> bool:
    if family in SEQ2SEQ and family not in PLAIN_MLP:
        return "gated" in str(config.get("feed_forward_proj") or config.get("hidden_act") or "")
    return family not in PLAIN_MLP


def _kv_heads(config: Config, family: str, heads: int) -> int:
    explicit = _number(config, "kv_heads")
    if family == "falcon" and config.get("multi_query", True) and not config.get("new_decoder_architecture"):
        return explicit if explicit and "num_kv_heads" not in config else 1
    if family == "gpt_bigcode":
        return 1 if config.get("multi_query", True) else heads
    return explicit or heads


def _intermediate(config: Config, family: str, hidden: int) -> int:
    width = _number(config, "intermediate")
    if config.get("moe_intermediate_size") and _number(config, "experts"):
        width = int(config["moe_intermediate_size"])
    if width and family == "qwen" and width > 4 * hidden:
        return width // 2  # Qwen 1 writes the width of gate and up together
    return width or 4 * hidden


def _context(config: Config, family: str) -> int:
    context = _number(config, "context") or 0
    return context - 2 if context and family in OFFSET_POSITIONS else context


def _activation(config: Config, family: str) -> str:
    for key in ("hidden_activation", "hidden_act", "activation_function", "dense_act_fn"):
        if isinstance(config.get(key), str):
            return str(config[key])
    gated_t5 = config.get("feed_forward_proj") == "gated-gelu"  # which the library reads as gelu_new
    return "gelu_new" if gated_t5 or family in USUALLY_GELU_NEW else ""


def _attention_dropout(config: Config) -> float:
    for key in ("attention_probs_dropout_prob", "attention_dropout", "attn_pdrop", "dropout_rate"):
        if isinstance(config.get(key), (int, float)):
            return float(config[key])
    return 0.0
