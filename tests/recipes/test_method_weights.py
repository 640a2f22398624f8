"""What every method does to a model: where it starts, which weights it moves, what is saved and loaded again."""

import peft
import pytest
import torch
from peft import AutoPeftModelForCausalLM, PeftModel, TaskType, get_peft_model_state_dict
from transformers import AutoModelForCausalLM, DynamicCache

from tests.recipes.methods import CELLS, PROMPTS, RATES, cell, kept, load, module_of, steps, trained_names

pytestmark = pytest.mark.slow

PACKED = ("qlora", "lora8")
WHOLE = ("full", "layers")
BLOCK = "base_model.model.model.layers.{}.{}"
ATTENTION = [f"self_attn.{name}_proj" for name in "qkvo"]
MLP = [f"mlp.{name}_proj" for name in ("gate", "up", "down")]
PLACES = {
    "lora": ATTENTION + MLP,
    "lora-attention": ATTENTION,
    "lora-list": ["self_attn.q_proj", "mlp.down_proj"],
    "ia3": ["self_attn.k_proj", "self_attn.v_proj", "mlp.down_proj"],
    "ia3-list": ["self_attn.k_proj", "mlp.down_proj"],
    "bottleneck": ["self_attn.o_proj", "mlp.down_proj"],
}
"""Where each kind of adapter stands in a block."""


@pytest.fixture(params=CELLS)
def name(request):
    return request.param


@pytest.fixture
def made(name, llama, tmp_path):
    """The script of a cell, its base model, and the model that it trains."""
    script = module_of(cell(name, "sft", llama, tmp_path), tmp_path)
    base = script.load_model().eval()
    script.begin()
    return script, base, script.adapt(script.load_model(), TaskType.CAUSAL_LM).eval()


def rows():
    torch.manual_seed(1)
    ids = torch.randint(3, 300, (4, 12))
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids}


def loss(model):
    return model(**rows()).loss


def logits(model):
    with torch.no_grad():
        return model.eval()(input_ids=rows()["input_ids"]).logits


def start_of_a_prompt(name, base, model, saved):
    """The loss of the base model with the prompt put in by hand."""
    batch, tokens = rows(), saved["prompt_embeddings"].shape[0]
    if name != "prefix":
        words = base.get_input_embeddings()(batch["input_ids"])
        prompt = saved["prompt_embeddings"].expand(len(words), -1, -1)
        labels = torch.cat([torch.full((len(words), tokens), -100), batch["labels"]], dim=1)
        return base(inputs_embeds=torch.cat([prompt, words], dim=1), labels=labels).loss
    config = base.config
    heads, width = config.num_key_value_heads, config.hidden_size // config.num_attention_heads
    learned = saved["prompt_embeddings"].view(tokens, config.num_hidden_layers, 2, heads, width)
    cache = DynamicCache()
    for layer in range(config.num_hidden_layers):
        key, value = (learned[:, layer, part].transpose(0, 1).expand(4, -1, -1, -1) for part in (0, 1))
        cache.update(key, value, layer)
    return base(**batch | {"attention_mask": torch.ones(4, tokens + 12)}, past_key_values=cache).loss


def test_it_starts_where_the_base_is(name, made):
    script, base, model = made
    expected = loss(base) if name not in PROMPTS else start_of_a_prompt(name, base, model, script.saved_weights(model))
    close = 1e-3 if "olora" in name or "pissa" in name else 1e-5
    assert loss(model).item() == pytest.approx(expected.item(), abs=close)
    assert loss(model).item() > 1


def test_it_moves_its_own_weights_and_no_others(name, made):
    _, base, model = made
    before, opened = kept(model), trained_names(model)
    steps(model, loss, RATES.get(name.partition("-")[0], 1e-2))
    assert loss(model).item() < loss_of_start(model, before)
    moved = {name for name, weight in kept(model).items() if not torch.equal(weight, before[name])}
    assert moved == opened
    assert opened == expected_names(name, model)
    if name not in ("lora-pissa", "lora-olora"):  # those take the base apart when they begin
        start = {inner(name): weight for name, weight in before.items()}
        for frozen, weight in base.named_parameters():
            assert torch.equal(start[frozen], weight), frozen


def inner(name):
    """The name of a weight in the base model, without what PEFT puts around it."""
    around = "base_model.model." if name.startswith("base_model.model.model.") else "base_model."
    return name.removeprefix(around).replace(".base_layer", "")


def loss_of_start(model, before):
    """The loss with the weights of the start; the weights are as they were afterwards."""
    after = kept(model)
    put(model, before)
    start = loss(model).item()
    put(model, after)
    return start


def put(model, weights):
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.requires_grad:
                weight.copy_(weights[name])


def expected_names(name, model):
    kind = name.partition("-")[0]
    if kind == "full":
        return {name for name, _ in model.named_parameters()}
    if kind == "layers":
        return {name for name, _ in model.named_parameters() if ".layers.1." in name} | {"model.norm.weight"}
    if kind in PROMPTS:
        return {name for name, _ in model.named_parameters() if name.startswith("prompt_encoder.")}
    kind = "lora" if kind in PACKED else kind
    weights = {
        "lora": ["lora_A.default.weight", "lora_B.default.weight"],
        "ia3": ["ia3_l.default"],
        "bottleneck": [f"bottleneck_{way}.default.{part}" for way in ("down", "up") for part in ("weight", "bias")],
    }[kind] + (["lora_magnitude_vector.default.weight"] if "dora" in name else [])
    places = PLACES.get(name, PLACES[kind])
    return {f"{BLOCK.format(layer, place)}.{weight}" for layer in (0, 1) for place in places for weight in weights}


def test_what_is_saved_is_loaded_again_with_equal_outputs(name, made, tmp_path, monkeypatch):
    script, base, model = made
    steps(model, loss, 1e-2)
    expected = logits(model)
    assert not torch.equal(expected[:, -1], logits(base)[:, -1])
    model.save_pretrained(tmp_path / "saved")
    if name in WHOLE:
        again = AutoModelForCausalLM.from_pretrained(tmp_path / "saved")
    elif name.startswith(PACKED):
        again = PeftModel.from_pretrained(script.load_model(), tmp_path / "saved")
    else:
        if name == "bottleneck":  # a method that PEFT does not know: the folder brings it along
            for known in (peft.PEFT_TYPE_TO_CONFIG_MAPPING, peft.PEFT_TYPE_TO_TUNER_MAPPING):
                monkeypatch.delitem(known, "BOTTLENECK")
            load(tmp_path / "saved" / "bottleneck.py").register_bottleneck()
        again = AutoPeftModelForCausalLM.from_pretrained(tmp_path / "saved")
    close = 1e-2 if name == "lora-bf16" else 1e-5  # PEFT computes a loaded adapter in 32 bit
    assert torch.allclose(logits(again), expected, atol=close)
    saved = script.saved_weights(model)
    assert all(torch.equal(weight, script.saved_weights(model)[name]) for name, weight in saved.items())


@pytest.mark.parametrize("name", [name for name in CELLS if name not in WHOLE], indirect=True)
def test_a_checkpoint_brings_back_every_trained_weight(name, made, tmp_path):
    _, _, model = made
    steps(model, loss, 1e-2, count=2)
    model.save_pretrained(tmp_path / "checkpoint")
    then, expected = kept(model), logits(model)
    steps(model, loss, 1e-2, count=2)
    assert not torch.equal(logits(model), expected)
    model.load_adapter(str(tmp_path / "checkpoint"), "default", is_trainable=True)  # as the trainers do it
    for name in trained_names(model):
        assert torch.equal(model.get_parameter(name), then[name]), name
    assert torch.equal(logits(model), expected)


@pytest.mark.parametrize("name", ["lora", "lora-dora", "ia3", "prefix", "prompt", "p_tuning", "bottleneck"])
def test_what_trains_is_held_in_32_bit_beside_a_base_in_16(name, llama, tmp_path):
    described = cell(name, "sft", llama, tmp_path, precision="bf16")
    described["model"]["dtype"] = "bf16"
    script = module_of(described, tmp_path)
    model = script.adapt(script.load_model(), TaskType.CAUSAL_LM)
    types = {weight.requires_grad: weight.dtype for weight in model.parameters()}
    assert types == {True: torch.float32, False: torch.bfloat16}
    with torch.autocast("cpu", torch.bfloat16):
        steps(model, loss, 1e-2, count=2)
        assert loss(model).isfinite()


@pytest.mark.parametrize("name", PROMPTS, indirect=True)
def test_it_writes_with_a_cache_what_it_would_write_without(name, made):
    _, _, model = made
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(4)  # answers of so small a model hardly depend on what stands before them
    asked = rows()["input_ids"][:1]
    written = asked
    for _ in range(8):
        with torch.no_grad():
            last = model(input_ids=written, attention_mask=torch.ones_like(written)).logits[:, -1]
        written = torch.cat([written, last.argmax(dim=-1, keepdim=True)], dim=1)
    options = {"max_new_tokens": 8, "do_sample": False, "pad_token_id": 0, "eos_token_id": None}
    assert torch.equal(model.generate(input_ids=asked, attention_mask=torch.ones_like(asked), **options), written)
    with model.disable_adapter():
        without = model.generate(input_ids=asked, attention_mask=torch.ones_like(asked), **options)
    assert not torch.equal(without, written)
    assert get_peft_model_state_dict(model)["prompt_embeddings"].shape[0] == 4
