"""Every architecture that people use: the formula counts the parameters of transformers' own model, to the last one."""

import warnings
from typing import Any

import pytest

from engine.data.facts import DataFacts
from engine.draft import Facts
from engine.families import known
from engine.guide import recommend
from engine.model import look
from engine.shapes import ENCODERS, SEQ2SEQ
from tests.facts import A100, LLAMA_7B, chats, machine, model

pytestmark = pytest.mark.slow

SMALL = {
    "num_hidden_layers": 3, "hidden_size": 64, "intermediate_size": 176, "num_attention_heads": 4, "vocab_size": 1000,
    "max_position_embeddings": 128,
}  # fmt: skip
GROUPED = {**SMALL, "num_key_value_heads": 2, "head_dim": 16}
PADDED = {**GROUPED, "pad_token_id": 0}
MODERN = {**SMALL, **dict.fromkeys(("pad_token_id", "eos_token_id", "bos_token_id", "cls_token_id", "sep_token_id"), 1)}
EXPERTS = {**GROUPED, "num_experts": 4, "num_experts_per_tok": 2}
LOCAL = {**GROUPED, "num_local_experts": 4, "num_experts_per_tok": 2}
GPT2 = {"n_layer": 3, "n_embd": 64, "n_head": 4, "vocab_size": 1000, "n_positions": 128}
FALCON = {"num_hidden_layers": 3, "hidden_size": 64, "num_attention_heads": 4, "vocab_size": 1000}
T5 = {"num_layers": 3, "d_model": 64, "d_ff": 128, "num_heads": 4, "d_kv": 16, "vocab_size": 1000}
OPT = {
    "num_hidden_layers": 3, "hidden_size": 64, "ffn_dim": 256, "num_attention_heads": 4, "vocab_size": 1000,
    "word_embed_proj_dim": 64, "max_position_embeddings": 128,
}  # fmt: skip
NEW_FALCON = {"new_decoder_architecture": True, "num_kv_heads": 2}
BIASES = {"attention_bias": True, "mlp_bias": True}
DEBERTA_3 = {
    "relative_attention": True, "position_buckets": 32, "norm_rel_ebd": "layer_norm", "position_biased_input": False,
    "type_vocab_size": 0,
}  # fmt: skip
CASES: list[tuple[str, dict[str, Any]]] = [
    ("llama", GROUPED), ("llama", {**GROUPED, **BIASES}), ("llama", {**GROUPED, "tie_word_embeddings": True}),
    ("qwen2", GROUPED), ("qwen3", GROUPED), ("qwen3", {**GROUPED, "attention_bias": True}), ("mistral", GROUPED),
    ("mixtral", LOCAL), ("qwen2_moe", {**EXPERTS, "moe_intermediate_size": 32, "shared_expert_intermediate_size": 48}),
    ("qwen3_moe", {**EXPERTS, "moe_intermediate_size": 32}), ("olmoe", EXPERTS), ("phimoe", LOCAL), ("gpt_oss", LOCAL),
    ("gemma", GROUPED), ("gemma2", GROUPED), ("gemma3_text", GROUPED), ("phi", SMALL),
    ("phi", {**SMALL, "qk_layernorm": True}), ("phi3", PADDED), ("gpt_neox", SMALL), ("gpt2", GPT2),
    ("gptj", {**GPT2, "rotary_dim": 8}), ("codegen", {**GPT2, "rotary_dim": 8}), ("gpt_bigcode", GPT2),
    ("falcon", FALCON), ("falcon", {**FALCON, **NEW_FALCON}),
    ("falcon", {**FALCON, "bias": True, "multi_query": False, "alibi": True, "parallel_attn": False}),
    ("bloom", {"n_layer": 3, "hidden_size": 64, "n_head": 4, "vocab_size": 1000}), ("opt", OPT),
    ("opt", {**OPT, "word_embed_proj_dim": 32}),
    ("mpt", {"n_layers": 3, "d_model": 64, "n_heads": 4, "vocab_size": 1000, "max_seq_len": 128}),
    ("stablelm", GROUPED), ("stablelm", {**GROUPED, "use_qkv_bias": True, "use_parallel_residual": True}),
    ("starcoder2", GROUPED), ("olmo", GROUPED), ("olmo2", GROUPED), ("cohere", GROUPED), ("granite", GROUPED),
    ("smollm3", PADDED), ("glm", PADDED), ("glm4", PADDED), ("persimmon", SMALL), ("t5", T5),
    ("t5", {**T5, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}), ("mt5", T5), ("umt5", T5),
    ("bert", SMALL), ("roberta", {**SMALL, "type_vocab_size": 1}), ("mpnet", SMALL), ("xlm-roberta", SMALL),
    ("camembert", SMALL), ("modernbert", MODERN), ("modernbert", {**MODERN, **BIASES, "norm_bias": True}),
    ("distilbert", {"dim": 64, "n_layers": 3, "n_heads": 4, "hidden_dim": 128, "vocab_size": 1000,
                    "max_position_embeddings": 128}),
    ("electra", {**SMALL, "embedding_size": 64}), ("electra", {**SMALL, "embedding_size": 32}),
    ("albert", {**SMALL, "embedding_size": 32}), ("deberta-v2", SMALL), ("deberta-v2", {**SMALL, **DEBERTA_3}),
    ("eurobert", PADDED),
    ("bart", {"d_model": 64, "encoder_layers": 2, "decoder_layers": 3, "encoder_attention_heads": 4,
              "decoder_attention_heads": 4, "encoder_ffn_dim": 128, "decoder_ffn_dim": 128, "vocab_size": 1000,
              "max_position_embeddings": 128}),
]  # fmt: skip


def counted(family: str, given: dict[str, Any], folder: Any) -> tuple[int, str]:
    """Return how many parameters transformers makes of a config on the meta device; the config is saved in `folder`."""
    import torch
    from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForSeq2SeqLM

    kind = AutoModelForSeq2SeqLM if family in SEQ2SEQ else AutoModel if family in ENCODERS else AutoModelForCausalLM
    config = AutoConfig.for_model(family, **given)
    with torch.device("meta"):
        built = kind.from_config(config)
    built.tie_weights()
    config.architectures = [type(built).__name__]
    config.save_pretrained(folder)
    return sum(weight.numel() for weight in built.parameters()), type(built).__name__


def test_the_count_is_exact_for_every_architecture(tmp_path: Any) -> None:
    wrong = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, (family, given) in enumerate(CASES):
            real, name = counted(family, given, tmp_path / str(number))
            found = look(str(tmp_path / str(number)))
            if found.parameters != real or not known(family):
                wrong[f"{name} {number}"] = (real, found.parameters)
    assert wrong == {}
    assert len(CASES) >= 55 and len({family for family, _ in CASES}) >= 45


def test_an_unknown_architecture_is_estimated_from_its_shapes_and_says_so(tmp_path: Any) -> None:
    novel = {**LLAMA_7B, "model_type": "kangaroo", "architectures": ["KangarooForCausalLM"]}
    spent = {}
    for name, config in (("known", LLAMA_7B), ("novel", novel)):
        facts = model(tmp_path / name, config)
        rows: DataFacts = chats()
        answers = {"goal": "sft", "model": {"id": facts.id}, "method": {"kind": "lora"}}
        found = recommend(answers, Facts(machine(A100), facts, rows)).estimate
        assert found is not None
        spent[name] = found
    assert spent["novel"].peak_gib == pytest.approx(spent["known"].peak_gib, rel=0.01)
    assert spent["known"].notes == ()
    assert "'kangaroo' is not known here: estimated from its shapes alone" in spent["novel"].notes[0]
