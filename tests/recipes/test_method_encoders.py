"""Every method on an embedding model, and on models of other builds: what is found in them, and what a head needs."""

import pytest
import torch
from peft import AutoPeftModelForSequenceClassification, PeftModel, TaskType
from sentence_transformers import SentenceTransformer
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    GPT2Config,
    GPT2LMHeadModel,
    MixtralConfig,
    MixtralForCausalLM,
    SmolLM3Config,
    SmolLM3ForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
)

from engine.recipes.parts import last_blocks, lora_config, virtual_tokens
from engine.recipes.parts.adapter import bottleneck, ia3, layers, lora, prompt
from engine.recipes.parts.attention_ends import attention_ends
from engine.recipes.parts.ia3_config import factored
from engine.recipes.parts.mlp_ends import mlp_ends
from tests.forge import check_cell, refused
from tests.recipes.methods import cell, kept, load, module_of, steps, trained_names
from tests.tiny import pairs

pytestmark = pytest.mark.slow

METHODS = ["full", "lora", "ia3", "bottleneck", "layers"]


def texts():
    return [row["question"] for row in pairs(6)]


def encoded(encoder):
    return encoder.eval().encode(texts(), convert_to_tensor=True)


def contrast(encoder):
    """The ranking loss of six pairs, worked by hand."""
    asked, told = (
        encoder({**encoder.preprocess([row[column] for row in pairs(6)])})["sentence_embedding"]
        for column in ("question", "passage")
    )
    likeness = torch.nn.functional.normalize(asked, dim=1) @ torch.nn.functional.normalize(told, dim=1).T
    return torch.nn.functional.cross_entropy(20 * likeness, torch.arange(6))


def expected(method, names):
    """The weights of a two-layer BERT that a method trains."""
    if method == "full":
        return set(names)
    if method == "layers":
        return {name for name in names if ".layer.1." in name}
    mark = {"lora": ".lora_", "ia3": ".ia3_", "bottleneck": ".bottleneck_"}[method]
    return {name for name in names if mark in name}


@pytest.mark.parametrize("method", METHODS)
def test_an_encoder_moves_its_own_weights_and_comes_back_as_it_was_saved(method, bert, tmp_path):
    script = module_of(cell(method, "embed", bert, tmp_path), tmp_path)
    base = script.load_encoder()
    encoder = script.load_encoder()
    script.adapt_encoder(encoder)
    assert torch.allclose(encoded(encoder), encoded(base), atol=1e-6)
    before, opened = kept(encoder), trained_names(encoder)
    assert opened == expected(method, before)
    assert method == "full" or not any("pooler" in name for name in opened)
    start = contrast(encoder).item()
    steps(encoder, contrast, 1e-2)
    assert contrast(encoder).item() < start
    moved = {name for name, weight in kept(encoder).items() if not torch.equal(weight, before[name])}
    assert moved == {name for name in opened if "pooler" not in name}
    encoder.save_pretrained(str(tmp_path / "saved"))
    if method == "bottleneck":
        load(tmp_path / "saved" / "bottleneck.py").register_bottleneck()
    again = SentenceTransformer(str(tmp_path / "saved"), device="cpu")
    assert torch.allclose(encoded(again), encoded(encoder), atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_an_encoder_trains_and_its_adapter_is_saved(method, bert, tmp_path):
    trained, known = check_cell(cell(method, "embed", bert, tmp_path, epochs=1, evaluate_every=4), tmp_path)
    results = known.finished["results"]
    assert (results["trainable"] == results["parameters"]) == (method == "full")
    files = {path.name for path in (trained / "output" / "model").iterdir()}
    assert ("adapter_model.safetensors" in files) == (method in ("lora", "ia3", "bottleneck"))


def test_more_blocks_than_the_encoder_has_are_refused_before_its_weights_are_loaded(bert, tmp_path):
    described = cell("layers", "embed", bert, tmp_path)
    described["method"]["last"] = 3
    event = refused(described, tmp_path / "runs")
    assert "the model has 2 blocks, and method.last asks for 3" in event["message"]
    assert "check_encoder_method" in event["traceback"]


SMALL = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
BUILDS = {
    "gpt2": lambda: GPT2LMHeadModel(GPT2Config(vocab_size=300, n_embd=64, n_layer=2, n_head=4, n_positions=64)),
    "t5": lambda: T5ForConditionalGeneration(
        T5Config(vocab_size=300, d_model=64, d_kv=16, d_ff=128, num_layers=2, num_heads=4, decoder_start_token_id=0)
    ),
    "bert": lambda: BertForSequenceClassification(BertConfig(vocab_size=300, num_labels=3, **SMALL)),
    "smollm3": lambda: SmolLM3ForCausalLM(
        SmolLM3Config(vocab_size=300, pad_token_id=0, bos_token_id=1, eos_token_id=2, num_key_value_heads=2, **SMALL)
    ),
    "mixtral": lambda: MixtralForCausalLM(
        MixtralConfig(vocab_size=300, num_key_value_heads=2, num_local_experts=2, **SMALL)
    ),
}
"""GPT-2 has Conv1D layers, T5 two stacks and three ends a block, BERT a head; PEFT has no names for SmolLM3's layers."""
TASKS = {"t5": TaskType.SEQ_2_SEQ_LM, "bert": TaskType.SEQ_CLS}


def built(build):
    torch.manual_seed(0)
    return BUILDS[build]().eval()


def task_loss(model):
    torch.manual_seed(1)
    ids = torch.randint(3, 300, (3, 10))
    labels = torch.tensor([0, 1, 2]) if model.config.model_type == "bert" else ids
    return model(input_ids=ids, attention_mask=torch.ones_like(ids), labels=labels).loss


ENDS = {
    "gpt2": ["transformer.h.{}.attn.c_proj", "transformer.h.{}.mlp.c_proj"],
    "t5": [
        "encoder.block.{}.layer.0.SelfAttention.o",
        "decoder.block.{}.layer.0.SelfAttention.o",
        "decoder.block.{}.layer.1.EncDecAttention.o",
        "encoder.block.{}.layer.1.DenseReluDense.wo",
        "decoder.block.{}.layer.2.DenseReluDense.wo",
    ],
    "bert": ["bert.encoder.layer.{}.attention.output.dense", "bert.encoder.layer.{}.output.dense"],
    "smollm3": ["model.layers.{}.self_attn.o_proj", "model.layers.{}.mlp.down_proj"],
}


@pytest.mark.parametrize("build", ENDS)
def test_the_ends_of_attention_and_mlp_are_found_by_structure(build):
    model = built(build)
    assert {*attention_ends(model), *mlp_ends(model)} == {end.format(at) for end in ENDS[build] for at in (0, 1)}


def test_factors_stand_where_peft_knows_and_where_structure_tells():
    assert [set(layers) for layers in factored(built("gpt2"))] == [{"c_attn", "mlp.c_proj"}, {"mlp.c_proj"}]
    assert [set(layers) for layers in factored(built("t5"))] == [{"k", "v", "wo"}, {"wo"}]
    targets, inputs = factored(built("smollm3"))
    places = ["self_attn.k_proj", "self_attn.v_proj", "mlp.down_proj"]
    assert set(targets) == {f"model.layers.{at}.{place}" for at in (0, 1) for place in places}
    assert set(inputs) == {f"model.layers.{at}.mlp.down_proj" for at in (0, 1)}


def test_a_mixture_of_experts_is_adapted_in_its_attention_and_has_no_ends(monkeypatch):
    model = built("mixtral")
    monkeypatch.setattr(lora_config, "TARGETS", "attention")
    found = {name.rpartition(".")[2] for name in lora_config.lora_targets(model)}
    assert found == {"q_proj", "k_proj", "v_proj", "o_proj"}
    with pytest.raises(ValueError, match="do not end in one linear layer each"):
        bottleneck.adapt(model, TaskType.CAUSAL_LM)


@pytest.mark.parametrize("part", [lora, ia3, bottleneck, layers], ids=lambda part: part.__name__.rpartition(".")[2])
@pytest.mark.parametrize("build", ENDS)
def test_every_build_starts_as_it_was_and_learns(build, part, monkeypatch):
    monkeypatch.setattr(last_blocks, "LAST", 1)
    base = task_loss(built(build)).item()
    model = part.adapt(built(build), TASKS.get(build, TaskType.CAUSAL_LM)).eval()
    assert task_loss(model).item() == pytest.approx(base, abs=1e-5)
    before, opened = kept(model), trained_names(model)
    steps(model, task_loss, 1e-2)
    assert task_loss(model).item() < base
    assert {name for name, weight in kept(model).items() if not torch.equal(weight, before[name])} == opened
    assert any("classifier" in name for name in opened) == (build == "bert")


def test_the_last_blocks_of_an_encoder_decoder_are_the_decoders(monkeypatch):
    monkeypatch.setattr(last_blocks, "LAST", 2)
    opened = trained_names(layers.adapt(built("t5"), TaskType.SEQ_2_SEQ_LM))
    assert {name.split(".")[0] for name in opened} == {"decoder"}
    assert "decoder.final_layer_norm.weight" in opened


@pytest.mark.parametrize("part", [lora, ia3, bottleneck, prompt], ids=lambda part: part.__name__.rpartition(".")[2])
def test_a_new_head_is_saved_with_the_adapter_and_loaded_again(part, tmp_path, monkeypatch):
    monkeypatch.setattr(virtual_tokens, "MAX_LENGTH", 64)
    built("bert").save_pretrained(tmp_path / "base")
    base = BertForSequenceClassification.from_pretrained(tmp_path / "base", num_labels=3)
    model = part.adapt(base, TaskType.SEQ_CLS).eval()
    steps(model, task_loss, 1e-2)
    expected = task_loss(model).item()
    model.save_pretrained(tmp_path / "saved")
    again = AutoPeftModelForSequenceClassification.from_pretrained(tmp_path / "saved", num_labels=3).eval()
    assert isinstance(again, PeftModel)
    assert task_loss(again).item() == pytest.approx(expected, abs=1e-6)
