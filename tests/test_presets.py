"""Presets: each loads, becomes a whole run on the card that it is made for, fits there, and gives a script."""

import ast
from pathlib import Path

import pytest

from engine.document import check
from engine.guide import Facts, Plan, recommend
from engine.machine import Machine
from engine.model import ModelFacts
from engine.preset import preset, presets
from engine.problem import Problem
from engine.script import assemble
from engine.tables import FOLDER
from tests.facts import BERT_BASE, LLAMA_7B, QWEN_HALF_B, RTX_4090, T4, chats, machine, model, pairs

LLAMA_13B = {
    **LLAMA_7B,
    "hidden_size": 5120,
    "num_hidden_layers": 40,
    "num_attention_heads": 40,
    "intermediate_size": 13824,
}
SMALL = {**LLAMA_7B, "hidden_size": 576, "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3,
         "intermediate_size": 1536, "vocab_size": 49152, "tie_word_embeddings": True}  # fmt: skip
MADE_FOR = {
    "qlora-small-open": (QWEN_HALF_B, machine(T4)),
    "embed-matryoshka-t4": (BERT_BASE, machine(T4)),
    "qlora-llama2-7b-t4": (LLAMA_7B, machine(T4)),
    "lora8-llama2-7b": (LLAMA_7B, machine(T4)),
    "qlora-13b-24gb": (LLAMA_13B, machine(RTX_4090)),
    "full-small": (SMALL, machine(T4)),
}


def plan(name: str, folder: Path, box: Machine) -> Plan:
    values = preset(name).values
    facts: ModelFacts = model(folder, MADE_FOR[name][0])
    return recommend(values, Facts(box, facts, pairs() if values["goal"] == "embed" else chats()))


def test_the_folder_is_the_list_and_an_open_model_comes_first() -> None:
    found = presets()
    assert found[0].name == "qlora-small-open"
    assert {one.name for one in found} == set(MADE_FOR)
    assert len(found) == len(list(FOLDER.glob("[0-9]*.yaml")))
    for one in found:
        assert one.title and one.why.count(". ") <= 1 and one.why.endswith(".")
        assert "data" not in one.values and "/" in one.values["model"]["id"]


def test_a_misspelt_preset_names_the_nearest() -> None:
    with pytest.raises(Problem, match="did you mean 'full-small'"):
        preset("ful-small")


@pytest.mark.parametrize("name", MADE_FOR)
def test_a_preset_is_valid_as_it_stands_and_its_values_are_kept(name: str, tmp_path: Path) -> None:
    values = preset(name).values
    check({**values, "data": {"train": "rows.jsonl"}})
    run = plan(name, tmp_path, MADE_FOR[name][1]).run
    for section, fields in values.items():
        for field, value in fields.items() if isinstance(fields, dict) else ():
            kept = getattr(getattr(run, section), field)
            assert list(kept) == value if isinstance(value, list) else kept == value, f"{section}.{field}"


@pytest.mark.parametrize("name", MADE_FOR)
def test_a_preset_fits_on_the_card_that_it_is_made_for(name: str, tmp_path: Path) -> None:
    made = plan(name, tmp_path, MADE_FOR[name][1])
    assert made.estimate is not None and made.estimate.fits, made.estimate
    assert made.run.training.precision == ("fp16" if MADE_FOR[name][1].gpu == T4 else "bf16")


@pytest.mark.parametrize("name", MADE_FOR)
def test_a_preset_gives_a_script(name: str, tmp_path: Path) -> None:
    script = assemble(plan(name, tmp_path, machine()).run)
    assert ast.parse(script).body and repr(preset(name).values["model"]["id"])[1:-1] in script


def test_the_published_embedding_run_is_kept_as_it_was(tmp_path: Path) -> None:
    run = plan("embed-matryoshka-t4", tmp_path, machine(T4)).run
    assert run.goal == "embed" and run.objective.matryoshka == (768, 512, 256, 128, 64)
    assert (run.training.batch, run.training.accumulate, run.training.epochs) == (32, 16, 4)
    assert (run.training.learning_rate, run.training.precision) == (2e-5, "fp16")
    assert "5e-4" in preset("embed-matryoshka-t4").why
