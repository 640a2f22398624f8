"""What imitation and reading on begin with: encoder-decoder models, several tasks, joined texts."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.data.facts import DataFacts
from engine.guide import Facts, Plan, recommend
from engine.problem import Problem
from engine.script import assemble, modules_of
from tests.facts import A100, LLAMA_7B, T4, chats, machine, model, rows_for

FLAN = {
    "architectures": ["T5ForConditionalGeneration"], "model_type": "t5", "is_encoder_decoder": True, "d_model": 768,
    "num_layers": 12, "num_decoder_layers": 12, "num_heads": 12, "d_kv": 64, "d_ff": 2048, "vocab_size": 32128,
    "feed_forward_proj": "gated-gelu", "n_positions": 512,
}  # fmt: skip


def planned(folder: Path, config: dict[str, Any], goal: str, rows: DataFacts, *gpus: Any, **answers: Any) -> Plan:
    facts = model(folder / "model", config)
    return recommend({"goal": goal, "model": {"id": facts.id}, **answers}, Facts(machine(*gpus), facts, rows))


def test_flan_t5_gets_the_recipe_and_the_pace_of_encoder_decoder_models(tmp_path: Path) -> None:
    plan = planned(tmp_path, FLAN, "sft", chats(), A100)
    run = plan.run
    assert (run.model.kind, run.recipe(), run.method.kind) == ("seq2seq", "sft", "lora")
    assert run.training.learning_rate == 1e-3
    assert (run.training.precision, run.objective.chat_template, run.objective.loss_on) == ("bf16", "plain", "answer")
    assert "encoder-decoder" in plan.reasons["training.learning_rate"]
    names = {module.name.removeprefix("engine.recipes.") for module in modules_of(run)}
    assert {"parts.model_class.seq2seq", "parts.tokens.seq2seq", "parts.trainer.seq2seq"} <= names
    assert "AutoModelForSeq2SeqLM" in assemble(run)


def test_of_a_mixture_of_experts_the_attention_is_adapted(tmp_path: Path) -> None:
    mixtral = LLAMA_7B | {"architectures": ["MixtralForCausalLM"], "model_type": "mixtral", "num_local_experts": 8}
    plan = planned(tmp_path, mixtral, "sft", chats(), A100, method={"kind": "qlora"})
    assert plan.run.method.targets == "attention"
    assert "experts" in plan.reasons["method.targets"]
    assert "attention_layers(model)" in assemble(plan.run)
    dense = planned(tmp_path, LLAMA_7B, "sft", chats(), A100, method={"kind": "qlora"}).run
    assert dense.method.targets == "all-linear"
    assert 'target_modules="all-linear"' in assemble(dense)


def test_a_family_that_overflows_in_16_bit_computes_in_32_where_there_is_no_bf16(tmp_path: Path) -> None:
    plan = planned(tmp_path, FLAN, "sft", chats(), T4)
    assert (plan.run.training.precision, plan.run.model.dtype) == ("fp32", "fp32")
    assert "overflow in fp16" in plan.reasons["training.precision"]
    bart = FLAN | {"model_type": "bart", "architectures": ["BartForConditionalGeneration"]}
    assert planned(tmp_path, bart, "sft", chats(), T4).run.training.precision == "fp16"


def test_the_rate_that_the_person_chose_stays(tmp_path: Path) -> None:
    plan = planned(tmp_path, FLAN, "sft", chats(), A100, training={"learning_rate": 3e-5})
    assert plan.run.training.learning_rate == 3e-5


def test_texts_alone_do_not_go_with_an_encoder_decoder(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="turns one text into another, and these are texts alone"):
        planned(tmp_path, FLAN, "sft", rows_for("sft", like="pretrain"), A100)
    with pytest.raises(Problem, match="cannot continue texts"):
        planned(tmp_path, FLAN, "pretrain", rows_for("pretrain"), A100)


def test_joined_texts_fill_the_length_whatever_the_rows_are(tmp_path: Path) -> None:
    lines = replace(rows_for("pretrain"), lengths=replace(rows_for("pretrain").lengths, p99=80, mean=40.0))
    plan = planned(tmp_path, LLAMA_7B, "pretrain", lines, A100)
    assert (plan.run.training.packing, plan.run.training.max_length) == (True, 1024)
    assert plan.run.parts()["tokens"] == "packed"
    short = planned(tmp_path, LLAMA_7B | {"max_position_embeddings": 256}, "pretrain", lines, A100)
    assert short.run.training.max_length == 256
    alone = planned(tmp_path, LLAMA_7B, "pretrain", lines, A100, training={"packing": False})
    assert alone.run.training.max_length < 256
    assert alone.run.parts()["tokens"] == "text"


@pytest.mark.parametrize(("rows", "epochs"), [(1_000, 4), (100_000, 2), (1_000_000, 1)])
def test_many_texts_are_read_less_often(rows: int, epochs: float, tmp_path: Path) -> None:
    plan = planned(tmp_path, LLAMA_7B, "pretrain", rows_for("pretrain", rows), A100)
    assert plan.run.training.epochs == epochs


def several(*parts: DataFacts) -> DataFacts:
    """Facts of several tasks, as a look at them gives."""
    return replace(chats(), columns=(), format="tasks", suits=(replace(chats().suits[0], columns={}),), parts=parts)


def test_tasks_get_the_columns_that_their_rows_suit_and_keep_what_was_said(tmp_path: Path) -> None:
    own = {"instruction": "do", "output": "get"}
    given = [{"file": "a.jsonl", "weight": 1}, {"file": "deep/b.jsonl", "weight": 3, "columns": own}]
    plan = planned(tmp_path, LLAMA_7B, "sft", several(chats(), rows_for("sft")), A100, data={"train": given})
    first, second = plan.run.data.tasks  # type: ignore[union-attr]
    assert (first.columns, first.name) == ({"prompt": "prompt", "completion": "completion"}, "a")
    assert (second.columns, second.name, second.weight) == (own, "b", 3)
    assert plan.run.data.columns == {} and plan.run.data.group == ""
    assert plan.run.data.told == "a, b"
    assert plan.run.output.name.startswith("tasks-")
    assert '"name": "b"' in assemble(plan.run)


def test_a_task_whose_rows_suit_nothing_is_named(tmp_path: Path) -> None:
    strange = replace(chats(), suits=())
    data = several(chats(), strange)
    plan = planned(tmp_path, LLAMA_7B, "sft", data, A100, data={"train": [{"file": "a.jsonl"}, {"file": "b.jsonl"}]})
    with pytest.raises(Problem) as problem:
        assemble(plan.run)
    assert problem.value.where == "data.train.1.columns"
