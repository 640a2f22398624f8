"""From three answers to a complete run: every default follows from the facts and says why."""

import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from engine import document
from engine.config import Run, methods_of, plain
from engine.defaults import LOW_RANK
from engine.draft import leaves
from engine.guide import Facts, Plan, recommend
from engine.machine import Machine
from engine.model import ModelFacts
from engine.problem import Problem
from engine.tables import table
from tests.facts import (
    A100,
    BERT_BASE,
    H200,
    LLAMA_7B,
    MINILM,
    QWEN_HALF_B,
    RTX_4090,
    T4,
    card,
    chats,
    machine,
    model,
    pairs,
)


@pytest.fixture
def llama(tmp_path: Path) -> ModelFacts:
    return model(tmp_path / "llama", LLAMA_7B)


@pytest.fixture
def qwen(tmp_path: Path) -> ModelFacts:
    return model(tmp_path / "qwen", QWEN_HALF_B, chat=True)


@pytest.fixture
def minilm(tmp_path: Path) -> ModelFacts:
    return model(tmp_path / "minilm", MINILM, sentences=256)


def sft(box: Machine, facts: ModelFacts, rows: Any = None, **answers: Any) -> Plan:
    return recommend({"goal": "sft", "model": {"id": facts.id}, **answers}, Facts(box, facts, rows or chats()))


def embed(box: Machine, facts: ModelFacts, rows: Any = None, **answers: Any) -> Plan:
    return recommend({"goal": "embed", "model": {"id": facts.id}, **answers}, Facts(box, facts, rows or pairs()))


def unexplained(plan: Plan) -> set[str]:
    """Return the fields of a plan's run that have no reason."""
    own = {"version", "goal", "model.id", "data.train", "method.kind"}
    return {name for name, _ in leaves(plain(plan.run))} - plan.reasons.keys() - own


def test_three_answers_give_a_whole_run_with_a_reason_for_every_field(llama: ModelFacts) -> None:
    plan = sft(machine(T4), llama)
    assert unexplained(plan) == set()
    assert "auto" not in [value for _, value in leaves(plain(plan.run))]
    assert document.check(plain(plan.run)) == plan.run
    assert plan.run.output.name == "support-qlora"
    assert plan.run.launch.devices == ("GPU-t4",)
    assert plan.run.data.columns == {"prompt": "prompt", "completion": "completion"}
    assert all(reason.strip() and "{" not in reason for name, reason in plan.reasons.items() if name != "data.template")


def test_seven_billion_on_a_t4_means_qlora_and_why_not_the_others(llama: ModelFacts) -> None:
    plan = sft(machine(T4), llama)
    rows = {row.method: row for row in plan.ranking}
    assert plan.ranking[0].method == plan.run.method.kind == "qlora"
    assert rows["qlora"].fits and rows["lora8"].fits
    assert rows["lora"].fits is False and rows["full"].fits is False
    assert re.fullmatch(r"[\d.]+ GiB short", rows["full"].verdict)
    assert any("14.6 GiB are free" in reason for reason in rows["full"].reasons)
    assert [row.method for row in plan.ranking if row.method in ("full", *LOW_RANK)] == [
        "qlora",
        "lora8",
        "lora",
        "full",
    ]
    assert plan.run.training.optimizer == "paged_adamw_8bit"
    assert plan.run.training.gradient_checkpointing
    assert plan.run.training.batch * plan.run.training.accumulate == 16


def test_where_everything_fits_lora_comes_first_and_full_is_kept_for_later(qwen: ModelFacts) -> None:
    plan = sft(machine(A100), qwen)
    assert all(row.fits for row in plan.ranking)
    assert plan.ranking[0].method == "lora"
    full = next(row for row in plan.ranking if row.method == "full")
    assert "LoRA is not enough" in full.verdict and "full-later" in full.rules


def test_a_model_that_fits_nowhere_still_gives_a_run_and_says_how_much_is_missing(tmp_path: Path) -> None:
    huge = model(
        tmp_path / "huge", {**LLAMA_7B, "hidden_size": 8192, "num_hidden_layers": 80, "intermediate_size": 28672}
    )
    plan = sft(machine(T4), huge)
    assert plan.run.method.kind == "qlora" and plan.estimate is not None and plan.estimate.fits is False
    assert "the least of all" in plan.ranking[0].verdict
    assert any("no method fits" in warning for warning in plan.warnings)


@pytest.mark.parametrize(
    ("box", "method", "precision", "dtype"),
    [
        (machine(T4), "lora", "fp16", "fp16"),
        (machine(T4), "full", "fp16", "fp32"),
        (machine(A100), "lora", "bf16", "bf16"),
        (machine(A100), "full", "bf16", "fp32"),
        (machine(RTX_4090), "qlora", "bf16", "bf16"),
        (machine(), "lora", "fp32", "fp32"),
        (machine(bf16=True), "lora", "bf16", "fp32"),
    ],
)
def test_precision_follows_from_the_card(
    qwen: ModelFacts, box: Machine, method: str, precision: str, dtype: str
) -> None:
    run = sft(box, qwen, method={"kind": method}).run
    assert (run.training.precision, run.model.dtype) == (precision, dtype)


def test_a_cpu_with_bf16_stores_in_it_only_what_is_large(llama: ModelFacts) -> None:
    run = sft(machine(bf16=True, ram_gib=60), llama).run
    assert (run.training.precision, run.model.dtype) == ("bf16", "bf16")
    assert sft(machine(bf16=False, ram_gib=60), llama).run.training.precision == "fp32"


def test_a_cpu_run_uses_all_cores_and_no_card(qwen: ModelFacts) -> None:
    run = sft(machine(), qwen).run
    assert (run.launch.device, run.launch.devices, run.training.threads) == ("cpu", (), 2)
    assert run.training.optimizer == "adamw"


def test_an_imagined_card_is_not_named_in_the_run(qwen: ModelFacts) -> None:
    run = sft(machine(RTX_4090, imagined=True), qwen).run
    assert (run.launch.device, run.launch.devices) == ("cuda", ())


def test_the_freest_card_is_taken_and_its_memory_counts(llama: ModelFacts) -> None:
    busy = card("NVIDIA A100-SXM4-80GB", 80, 3, (8, 0), "GPU-busy")
    assert sft(machine(busy, RTX_4090), llama).run.launch.devices == ("GPU-4090",)
    plan = sft(machine(busy, RTX_4090), llama, launch={"devices": ["GPU-busy"]})
    assert plan.estimate is not None and plan.estimate.free_gib == pytest.approx(3)


def test_full_tuning_goes_to_bf16_storage_before_it_gives_up(tmp_path: Path) -> None:
    two = model(tmp_path / "two", {**LLAMA_7B, "hidden_size": 2560, "intermediate_size": 6912})
    roomy, tight = card("A100", 80, 79, (8, 0)), card("A100", 80, 38, (8, 0))
    assert sft(machine(roomy), two, method={"kind": "full"}).run.model.dtype == "fp32"
    plan = sft(machine(tight), two, method={"kind": "full"})
    assert plan.run.model.dtype == "bf16" and plan.estimate is not None and plan.estimate.fits
    assert "in bf16 they fit" in plan.reasons["model.dtype"]


def test_learning_rates_by_goal_and_method(qwen: ModelFacts, minilm: ModelFacts) -> None:
    assert sft(machine(A100), qwen, method={"kind": "full"}).run.training.learning_rate == 2e-5
    assert sft(machine(A100), qwen, method={"kind": "qlora"}).run.training.learning_rate == 2e-4
    assert embed(machine(), minilm, method={"kind": "full"}).run.training.learning_rate == 5e-5
    plan = embed(machine(), minilm)
    assert plan.run.training.learning_rate == 5e-4
    assert "2e-5 gains almost nothing" in plan.reasons["training.learning_rate"]


def test_an_embedding_run_follows_from_the_model_and_its_pairs(minilm: ModelFacts) -> None:
    plan = embed(machine(), minilm)
    run = plan.run
    assert run.goal == "embed" and run.method.kind == "lora"
    assert run.objective.matryoshka == (384, 256, 128, 64, 32) and run.objective.best_dimension == 384
    assert run.training.max_length == 256 and "256 tokens" in plan.reasons["training.max_length"]
    assert (run.training.batch, run.training.accumulate) == (32, 1)
    assert "larger batch teaches more" in plan.reasons["training.batch"]
    assert run.data.group == "context_id"
    assert unexplained(plan) == set()


@pytest.mark.parametrize(
    ("width", "sizes"),
    [(768, (768, 512, 256, 128, 64)), (1024, (1024, 512, 256, 128, 64)), (128, (128, 64, 32, 16)), (32, (32, 16))],
)
def test_embedding_sizes_halve_from_the_own_width(tmp_path: Path, width: int, sizes: tuple[int, ...]) -> None:
    facts = model(tmp_path / "bert", {**BERT_BASE, "hidden_size": width, "num_attention_heads": 2})
    assert embed(machine(), facts).run.objective.matryoshka == sizes


def test_accumulating_embeddings_is_said_to_add_nothing_to_compare_with(tmp_path: Path) -> None:
    large = model(
        tmp_path / "large", {**BERT_BASE, "hidden_size": 1024, "num_hidden_layers": 24, "intermediate_size": 4096}
    )
    plan = embed(machine(ram_gib=6), large)
    assert plan.run.training.accumulate > 1
    assert "adds no wrong answers" in plan.reasons["training.accumulate"]


def test_models_that_want_words_before_their_texts_get_them(minilm: ModelFacts) -> None:
    facts = Facts(machine(), minilm, pairs())
    run = recommend({"goal": "embed", "model": {"id": "intfloat/e5-base-v2"}}, facts).run
    assert run.goal == "embed" and (run.objective.query_prompt, run.objective.document_prompt) == (
        "query: ",
        "passage: ",
    )
    assert embed(machine(), minilm).run.objective.query_prompt == ""  # type: ignore[union-attr]


def test_a_family_without_a_fast_kernel_gets_the_plain_one(tmp_path: Path) -> None:
    mpnet = model(tmp_path / "mpnet", {**BERT_BASE, "model_type": "mpnet", "max_position_embeddings": 514})
    assert embed(machine(A100), mpnet).run.model.attention == "eager"


def test_the_chat_template_follows_from_the_model(qwen: ModelFacts, llama: ModelFacts) -> None:
    assert sft(machine(A100), qwen).run.objective.chat_template == "own"  # type: ignore[union-attr]
    plan = sft(machine(A100), llama)
    assert plan.run.objective.chat_template == "plain"  # type: ignore[union-attr]
    assert "no chat template" in plan.reasons["objective.chat_template"]


def test_length_is_cut_at_what_the_model_reads(tmp_path: Path) -> None:
    short = model(tmp_path / "short", {**QWEN_HALF_B, "max_position_embeddings": 512})
    plan = sft(machine(A100), short)
    assert plan.run.training.max_length == 512 and "no more than 512" in plan.reasons["training.max_length"]
    assert any("longer than 512 tokens" in warning for warning in plan.warnings)


def test_evaluations_come_in_round_steps_and_saves_with_them(llama: ModelFacts) -> None:
    run = sft(machine(T4), llama).run
    assert run.training.evaluate_every == run.training.save_every == 80
    assert sft(machine(T4), llama, training={"evaluate_every": 7}).run.training.save_every == 7
    run = sft(machine(T4), llama, training={"save_every": 90}).run
    assert isinstance(run.training.evaluate_every, int) and 90 % run.training.evaluate_every == 0
    assert sft(machine(T4), llama, training={"save_every": "epoch"}).run.training.evaluate_every == "epoch"


def test_a_small_data_set_gets_more_and_smaller_steps(qwen: ModelFacts) -> None:
    plan = sft(machine(A100), qwen, chats(rows=60))
    assert plan.run.training.batch * plan.run.training.accumulate < 16
    assert plan.run.data.test_fraction == 0.2
    assert any("only 60 rows" in warning for warning in plan.warnings)


def test_answers_are_never_changed(llama: ModelFacts) -> None:
    answers: dict[str, Any] = {
        "goal": "sft",
        "model": {"id": llama.id, "attention": "eager"},
        "data": {"train": "mine.jsonl", "columns": {"text": "prompt"}},
        "method": {"kind": "lora", "rank": 64},
        "objective": {"samples": 0},
        "training": {"batch": 3, "learning_rate": 1e-5, "gradient_checkpointing": False, "max_length": 4000},
        "launch": {"device": "cpu"},
        "output": {"name": "mine"},
    }
    plan = recommend(answers, Facts(machine(T4), llama, chats()))
    chosen = dict(leaves(plain(plan.run)))
    for name, value in leaves(answers):
        assert chosen[name] == value, name
        assert name == "method.kind" or plan.reasons[name] == "your choice"


def test_numbers_typed_as_text_are_numbers(qwen: ModelFacts) -> None:
    assert sft(machine(), qwen, training={"batch": "4", "epochs": "2"}).run.training.batch == 4


def test_auto_is_no_answer(qwen: ModelFacts) -> None:
    run = sft(machine(T4), qwen, training={"precision": "auto"}, objective={"chat_template": "auto"}).run
    assert run.training.precision == "fp16"


def test_another_method_keeps_what_it_can_of_the_answers(llama: ModelFacts) -> None:
    plan = sft(machine(T4), llama, method={"kind": "qlora", "rank": 8, "quant_type": "fp4"})
    assert plan.run.method.kind == "qlora" and plan.run.method.rank == 8
    assert {row.method for row in plan.ranking} == set(methods_of("sft"))


def test_adapters_asked_for_in_32_bit_widen_what_is_not_packed_but_older_files_keep_their_meaning(
    llama: ModelFacts,
) -> None:
    silent = sft(machine(T4), llama, method={"kind": "qlora"})
    asked = sft(machine(T4), llama, method={"kind": "qlora", "adapter_dtype": "fp32"})
    written = plain(silent.run)["method"]
    older = sft(machine(T4), llama, method={name: value for name, value in written.items() if name != "upcast"})
    assert [plan.run.method.upcast for plan in (silent, asked, older)] == [False, True, False]  # type: ignore[union-attr]
    assert "PEFT's recipe" in asked.reasons["method.upcast"]
    assert asked.estimate and silent.estimate and asked.estimate.peak_gib > silent.estimate.peak_gib


def test_a_method_that_was_chosen_stays_although_it_does_not_fit(llama: ModelFacts) -> None:
    plan = sft(machine(T4), llama, method={"kind": "full"})
    assert plan.run.method.kind == "full" and plan.ranking[0].method == "qlora"
    assert any(warning.startswith("Full needs up to") and "QLoRA 4-bit fits" in warning for warning in plan.warnings)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"method": {"kind": "qlora"}}, "the method 'qlora' does not go with the goal embed"),
        ({"goal": "learn"}, "there is no goal 'learn'"),
        (
            {"goal": "sft"},
            "reads whole texts into vectors, so it can't learn to answer; choose a causal language model",
        ),
        ({"training": {"batch": 0}}, "training.batch"),
        ({"training": {"bacth": 1}}, "did you mean 'batch'"),
        ({"method": {"kind": "full"}, "model": {"id": "x", "dtype": "fp16"}}, "can't be stored in fp16"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(minilm: ModelFacts, answers: dict[str, Any], said: str) -> None:
    with pytest.raises(Problem) as caught:
        recommend({"goal": "embed", "model": {"id": "x"}, **answers}, Facts(machine(), minilm, pairs()))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_data_of_another_shape_is_refused_with_the_columns_that_it_has(minilm: ModelFacts) -> None:
    with pytest.raises(Problem, match=r"no pairs of texts.*choose the goal sft.*found: prompt, completion"):
        embed(machine(), minilm, chats())
    run = embed(machine(), minilm, chats(), data={"columns": {"anchor": "prompt", "positive": "completion"}}).run
    assert run.data.columns == {"anchor": "prompt", "positive": "completion"}


def test_without_a_model_or_data_there_is_still_a_run_where_possible(llama: ModelFacts) -> None:
    plan = recommend({"goal": "sft", "model": {"id": "some/model"}}, Facts(machine(T4), None, None))
    assert plan.estimate is None and plan.ranking[0].fits is None and plan.run.training.evaluate_every == "epoch"
    assert "no data is chosen yet" in plan.warnings
    assert recommend({"goal": "sft"}, Facts(machine(T4), llama, None)).run.model.id == llama.id
    assert recommend({}, Facts(machine(T4), llama, chats())).run.goal == "sft"
    with pytest.raises(Problem, match="no model is chosen"):
        recommend({"goal": "sft"}, Facts(machine(T4), None, None))
    with pytest.raises(Problem, match="no goal is chosen"):
        recommend({}, Facts(machine(T4), llama, None))


def test_a_card_that_does_not_tell_its_memory_gives_a_careful_run(llama: ModelFacts) -> None:
    plan = sft(machine(card("GB10", 0, None, (12, 1))), llama)
    assert plan.estimate is not None and plan.estimate.fits is None
    assert plan.run.training.batch == 4 and plan.run.training.gradient_checkpointing


def test_a_checkpoint_that_is_quantised_already_can_not_be_trained_whole(tmp_path: Path) -> None:
    packed = model(tmp_path / "awq", {**QWEN_HALF_B, "quantization_config": {"quant_method": "awq", "bits": 4}})
    row = next(row for row in sft(machine(A100), packed).ranking if row.method == "full")
    assert not row.possible and row.verdict == "not possible"


def combinations() -> list[tuple[str, dict[str, Any], Machine, int]]:
    cards = [machine(T4), machine(RTX_4090), machine(A100), machine(H200), machine(), machine(ram_gib=3)]
    return [
        (goal, config, box, rows)
        for (goal, config), box, rows in itertools.product(
            [("sft", LLAMA_7B), ("sft", QWEN_HALF_B), ("embed", BERT_BASE), ("embed", MINILM), ("embed", QWEN_HALF_B)],
            cards,
            (30, 700, 20_000, 3_000_000),
        )
    ]


def test_a_hundred_combinations_of_facts_give_valid_runs_that_fit_when_said(tmp_path: Path) -> None:
    seen = 0
    for number, (goal, config, box, rows) in enumerate(combinations()):
        facts = model(tmp_path / str(number), config)
        data = chats(rows) if goal == "sft" else pairs(rows)
        methods: list[str] = table("guide")["goals"][goal]["methods"]
        for kind in (None, *methods):
            answers = {"goal": goal, "model": {"id": facts.id}, **({"method": {"kind": kind}} if kind else {})}
            plan = recommend(answers, Facts(box, facts, data))
            check_plan(plan)
            seen += 1
    assert seen > 400


def check_plan(plan: Plan) -> None:
    run: Run = plan.run
    assert unexplained(plan) == set()
    assert "auto" not in [value for _, value in leaves(plain(run))]
    assert document.check(plain(run)) == run
    assert plan.estimate is not None and plan.estimate.fits is not None
    assert plan.estimate.fits == next(row.fits for row in plan.ranking if row.method == run.method.kind)
    fitting = [row.fits for row in plan.ranking]
    assert fitting == sorted(fitting, reverse=True)  # what fits stands above what does not


def test_every_entry_of_the_table_is_used_and_every_name_exists() -> None:
    folder = Path(document.__file__).parent
    code = "".join(path.read_text() for path in sorted([*folder.glob("*.py"), *folder.glob("objectives/*.py")]))
    guide = table("guide")
    by_method = {
        name
        for rules in guide["methods"].values()
        for name in (*rules.get("fields", {}), *rules.get("why", {}).values(), rules.get("rate"))
    }
    by_goal = {name for rules in guide["goals"].values() for name in rules.get("rate_why", {}).values()}
    assert by_method | by_goal - {None} <= {*guide["why"], None}
    for part in ("why", "warnings", "verdicts"):
        for name in guide[part].keys() - by_method - by_goal:
            assert f'"{name}"' in code or f"'{name}'" in code, f"{part}.{name} is read by nobody"
    for name, goal in guide["goals"].items():
        assert set(goal["methods"]) == set(goal["learning_rate"]) == set(methods_of(name)) <= set(guide["methods"])
        assert [most for most, _ in goal["epochs"]] == sorted(most for most, _ in goal["epochs"])
        assert set(goal["kinds"]) <= set(guide["kinds"])


def test_storage_chosen_for_an_adapter_does_not_forbid_the_comparison_with_full(qwen: ModelFacts) -> None:
    plan = sft(machine(T4), qwen, method={"kind": "lora"}, model={"id": qwen.id, "dtype": "fp16"})
    assert plan.run.model.dtype == "fp16"
    assert "full" in {row.method for row in plan.ranking}
    with pytest.raises(Problem, match="fp16"):
        sft(machine(T4), qwen, method={"kind": "full"}, model={"id": qwen.id, "dtype": "fp16"})


def test_longer_texts_than_the_model_can_read_are_refused_or_said(qwen: ModelFacts, minilm: ModelFacts) -> None:
    with pytest.raises(Problem, match=r"longer than .* can read; take at most"):
        embed(machine(T4), minilm, training={"max_length": minilm.context + 1})
    long = sft(machine(T4), qwen, training={"max_length": qwen.context * 2})
    assert any("was made for" in warning for warning in long.warnings)
    assert not any("was made for" in warning for warning in sft(machine(T4), qwen).warnings)
