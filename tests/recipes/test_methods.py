"""Every method through the worker: trained, resumed, refused in a sentence, at rates that suit it."""

import json

import pytest
import torch
from peft import TaskType

from engine import document
from engine.problem import Problem
from engine.tables import table
from tests import forge
from tests.forge import check_cell, refused, resumed
from tests.recipes.methods import CELLS, cell, module_of, steps
from tests.training import curves

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", CELLS)
def test_a_method_trains_and_saves_its_weights_alone(name, llama, tmp_path):
    trained, known = check_cell(cell(name, "sft", llama, tmp_path, epochs=1), tmp_path)
    results = known.finished["results"]
    kind = name.partition("-")[0]
    assert (results["trainable"] == results["parameters"]) == (kind == "full")
    row = next(row for row in results["metrics"] if row["name"] == "eval_loss")
    assert row["improvement"] > 0
    files = {path.name for path in (trained / "output" / "model").iterdir()}
    whole = kind in ("full", "layers")
    assert ("model.safetensors" in files) == whole
    assert ({"adapter_model.safetensors", "adapter_config.json"} <= files) != whole
    assert {file for file in files if file.endswith(".bin")} <= {"training_args.bin"}


@pytest.mark.parametrize(
    "name", ["p_tuning", "prompt", "prefix", "bottleneck", "ia3", "layers", "lora-pissa", "lora-bf16", "lora8-dora"]
)
def test_a_training_that_goes_on_from_a_checkpoint_equals_the_unbroken_one(name, llama, tmp_path):
    described = cell(name, "sft", llama, tmp_path, save_every=4, evaluate_every=4)
    folder, known = forge.forge(described, tmp_path / "runs")
    results = resumed(folder, tmp_path / "again", 4)
    told = forge.losses(tmp_path / "again" / "output")
    assert max(told) > 4
    unbroken = dict(curves(known)["loss"])
    assert told == {step: unbroken[step] for step in told}
    assert results["metrics"] == known.finished["results"]["metrics"]
    assert results["samples"] == known.finished["results"]["samples"]


@pytest.mark.parametrize("name", ["layers", "bottleneck", "ia3", "prompt", "p_tuning"])
def test_checkpointing_changes_no_loss(name, llama, tmp_path):
    runs = [
        forge.forge(cell(name, "sft", llama, tmp_path, max_steps=3, gradient_checkpointing=on), tmp_path / str(on))[1]
        for on in (False, True)
    ]
    open_, twice = (dict(curves(known)["loss"]) for known in runs)
    assert len(open_) == 3
    assert twice == pytest.approx(open_, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "method", "says"),
    [
        ("lora", {"targets": ["q_proj", "w_extra"]}, "no linear layer of the model is called w_extra"),
        ("ia3", {"targets": ["w_extra"]}, "no linear layer of the model is called w_extra"),
        ("layers", {"last": 3}, "the model has 2 blocks, and method.last asks for 3"),
        ("prompt", {"tokens": 500}, "500 virtual tokens and texts of 64 are more than the 512 tokens"),
    ],
)
def test_what_the_model_does_not_have_is_said_before_its_weights_are_loaded(name, method, says, llama, tmp_path):
    described = cell(name, "sft", llama, tmp_path)
    described["method"] |= method
    event = refused(described, tmp_path / "runs")
    assert says in event["message"]
    journal = next((tmp_path / "runs").glob("*/events.jsonl")).read_text()
    phases = [event["name"] for event in map(json.loads, journal.splitlines()) if event["type"] == "phase"]
    assert phases[-1] == "data"


@pytest.mark.parametrize(
    ("method", "more", "says"),
    [
        ({"kind": "prefix"}, {"training": {"gradient_checkpointing": True}}, "keys and values of a prefix"),
        ({"kind": "prompt"}, {"training": {"packing": True}}, "packing joins several"),
        ({"kind": "lora", "init": "pissa"}, {"retention": {"kind": "distill"}}, "init pissa rewrites the base"),
        ({"kind": "qlora", "init": "olora"}, {}, "packed here"),
        ({"kind": "lora", "init": "orthogonal", "rank": 5}, {}, "even rank"),
        ({"kind": "lora", "targets": "q_proj"}, {}, r"names of layers stand in a list, as in \[q_proj\]"),
        ({"kind": "ia3", "targets": []}, {}, "name at least one layer"),
    ],
)
def test_what_does_not_go_together_is_no_run(method, more, says):
    described = {"goal": "sft", "model": {"id": "a/model"}, "data": {"train": "a.jsonl"}, "method": method, **more}
    with pytest.raises(Problem, match=says):
        document.check(described)


def loss_of(model):
    torch.manual_seed(1)
    ids = torch.randint(3, 300, (4, 12))
    return model(input_ids=ids, attention_mask=torch.ones_like(ids), labels=ids).loss


@pytest.mark.parametrize("name", sorted(table("goals/sft")["learning_rate"]))
def test_the_usual_rate_of_a_method_moves_its_loss(name, llama, tmp_path):
    rates = table("goals/sft")["learning_rate"]
    script = module_of(cell(name, "sft", llama, tmp_path), tmp_path)

    def gained(rate):
        script.begin()
        model = script.adapt(script.load_model(), TaskType.CAUSAL_LM).eval()
        start = loss_of(model).item()
        steps(model, loss_of, rate, count=10)
        return start - loss_of(model).item()

    assert gained(rates[name]) > 0.001
    if name == "prompt":
        assert gained(rates["full"]) < gained(rates[name]) / 10
