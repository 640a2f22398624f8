"""What a run needs, against bytes worked out by hand and against measured runs of others."""

import csv
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine import terms
from engine.config import Run
from engine.document import check
from engine.estimate import estimate, interval, memory
from engine.load import one_step
from engine.machine import GIB
from engine.model import ModelFacts, look
from engine.step import Step
from tests.facts import A100, BERT_BASE, LLAMA_7B, MINILM, QWEN_HALF_B, T4, TRUTH, card, chats, machine, model, pairs

MEASURED = TRUTH / "vram_public.csv"
KERNELS = {"hf_fp32": "plain", "liger": "liger"}


@pytest.fixture
def llama(tmp_path: Path) -> ModelFacts:
    return model(tmp_path / "llama", LLAMA_7B)


def run(goal: str = "sft", device: str = "cuda", method: Any = "lora", **training: Any) -> Run:
    """Return a run in half precision on a card, or in fp32 on the CPU."""
    kind = {"kind": method} if isinstance(method, str) else method
    dtype = "bf16" if device == "cuda" else "fp32"
    sizes = {"precision": dtype, "batch": 2, "max_length": 1024, "gradient_checkpointing": True}
    columns = {"anchor": "anchor", "positive": "positive"} if goal == "embed" else {}
    return check(
        {
            "goal": goal, "model": {"id": "m", "dtype": dtype}, "data": {"train": "rows.jsonl", "columns": columns},
            "method": kind, "training": {**sizes, **training}, "launch": {"device": device},
        }
    )  # fmt: skip


def step(facts: ModelFacts, **more: Any) -> Step:
    usual = {"tokens": 4096, "length": 1024, "rows": 4, "storage": 2, "compute": 2, "full": False, "rank": 16}
    return Step(shape=facts, parameters=facts.parameters or 0, **{**usual, **more})


def test_weights_by_how_they_are_stored(llama: ModelFacts) -> None:
    linear = 32 * (4 * 4096 * 4096 + 3 * 4096 * 11008)
    rest = (llama.parameters or 0) - linear
    assert terms.weights(step(llama)) == pytest.approx(2 * (linear + rest))
    assert terms.weights(step(llama, bits=4)) == pytest.approx(linear * (0.5 + 1 / 64 + 1 / 4096) + 2 * rest)
    assert terms.weights(step(llama, bits=4, double_quant=False)) == pytest.approx(linear * 0.5625 + 2 * rest)
    assert terms.weights(step(llama, bits=8)) == pytest.approx(linear * (1 + 4 / 4096) + 2 * rest)


def test_adapters_by_rank_and_targets(llama: ModelFacts) -> None:
    every = 16 * 32 * (4 * (4096 + 4096) + 3 * (4096 + 11008))
    assert terms.adapter_parameters(step(llama)) == every
    assert terms.adapter_parameters(step(llama, targets=("q_proj", "v_proj"))) == 16 * 32 * 2 * 8192
    assert terms.adapter_parameters(step(llama, targets=("model.layers.0.self_attn.q_proj",))) == 16 * 32 * 8192
    assert terms.adapter_parameters(step(llama, full=True)) == 0


@pytest.mark.skipif(not MEASURED.exists(), reason="../shared/truth is not here")
@pytest.mark.parametrize(
    ("rank", "targets", "trainable"),
    [(64, ("q_proj", "v_proj"), 18_350_080), (10, ("down_proj", "gate_proj", "up_proj"), 9_461_760)],
)
def test_adapters_of_published_runs_have_the_published_size(rank: int, targets: Any, trainable: int) -> None:
    facts = look(str(TRUTH / "models" / "meta-llama" / "Llama-3.2-3B"))
    assert terms.adapter_parameters(step(facts, rank=rank, targets=targets)) == trainable


def test_full_tuning_in_bf16_peaks_at_ten_bytes_per_weight(llama: ModelFacts) -> None:
    peak = memory(step(llama, full=True, checkpointing=True, amp=False, tokens=512))
    assert sum(peak.values()) - peak["cuda"] == pytest.approx(10 * (llama.parameters or 0) / GIB, rel=1e-6)
    assert set(peak) == {"weights", "optimizer", "gradients", "update", "cuda"}


def test_a_paged_optimizer_leaves_the_card_and_an_8_bit_one_shrinks(llama: ModelFacts) -> None:
    sizes = {name: terms.optimizer(step(llama, full=True, optimizer=name)) for name in ("adamw", "adamw_8bit")}
    assert 1.9 < sizes["adamw"] / sizes["adamw_8bit"] < 2.0
    assert terms.optimizer(step(llama, optimizer="paged_adamw_8bit")) == 0


def test_moments_compete_and_the_terms_add_up_to_the_peak(llama: ModelFacts) -> None:
    said = estimate(run(method="qlora"), llama, machine(T4), None)
    assert sum(said.terms.values()) - said.terms["cuda"] == pytest.approx(said.peak_gib)
    assert said.low_gib < said.peak_gib < said.high_gib
    assert said.free_gib == pytest.approx(14.6) and said.fits
    lengths = [estimate(run(method="full", max_length=length), llama, machine(), None).peak_gib for length in (8, 256)]
    assert lengths[0] == lengths[1]  # the optimizer's step is larger than such short activations


def test_more_rows_longer_texts_and_no_checkpointing_cost_more(llama: ModelFacts) -> None:
    def peak(**training: Any) -> float:
        return estimate(run(**training), llama, machine(), None).peak_gib

    assert peak(batch=1) < peak(batch=2) < peak(batch=8)
    assert peak(max_length=512) < peak(max_length=1024) < peak(max_length=4000)
    assert peak(gradient_checkpointing=True) < 0.7 * peak(gradient_checkpointing=False)
    assert peak(method="qlora") < peak(method="lora8") < peak(method="lora") < peak(method="full")
    assert peak(method={"kind": "lora", "rank": 8}) < peak(method={"kind": "lora", "rank": 256})


def test_fp32_weights_under_half_precision_are_copied(llama: ModelFacts) -> None:
    linear = terms.block_weights(step(llama))
    assert terms.casts(step(llama, storage=4, full=True)) == 2 * linear
    frozen = step(llama, storage=4, checkpointing=True)
    assert terms.casts(frozen, one_block=True) == 2 * linear / 32
    assert terms.casts(step(llama)) == 0


def test_the_card_that_the_run_names_is_the_one_that_counts(llama: ModelFacts) -> None:
    box = machine(T4, A100)
    assert estimate(run(), llama, box, None).free_gib == pytest.approx(79.5)
    named = run().model_copy(update={"launch": run().launch.model_copy(update={"devices": ("GPU-t4",)})})
    assert estimate(named, llama, box, None).free_gib == pytest.approx(14.6)
    silent = machine(card("GB10", 0, None, (12, 1)))
    assert estimate(run(), llama, silent, None).fits is None


def test_on_a_cpu_the_libraries_count_and_the_ram_is_compared(tmp_path: Path) -> None:
    minilm = model(tmp_path / "minilm", MINILM, sentences=256)
    said = estimate(run("embed", "cpu", max_length=256, batch=32), minilm, machine(ram_gib=8), pairs())
    assert said.terms["libraries"] > 0.5 and "cuda" not in said.terms
    assert said.free_gib == pytest.approx(8) and said.fits
    assert sum(said.terms.values()) == pytest.approx(said.peak_gib)


@pytest.mark.parametrize(("full", "measured_gib"), [(False, 6.87), (True, 4.82)])
def test_the_memory_of_a_real_step_on_two_cores_lies_in_the_interval(
    tmp_path: Path, full: bool, measured_gib: float
) -> None:
    """The process's peak after two steps of MiniLM on the 32 longest pairs of TAT-QA (42 + 256 tokens), torch 2.13."""
    minilm = model(tmp_path / "minilm", {**MINILM, "attention_probs_dropout_prob": 0.1}, sentences=256)
    said = step(
        minilm, tokens=32 * (42 + 256), length=256, rows=32, storage=4, compute=4, full=full, rank=8,
        adapter_dropout=0.1, kernel="ranking", amp=False, gpu=False,
    )  # fmt: skip
    low, high = interval(memory(said), gpu=False)
    assert low < measured_gib < high


def test_pairs_are_two_texts_each_as_long_as_its_column(tmp_path: Path) -> None:
    bert = model(tmp_path / "bert", BERT_BASE, sentences=512)
    long = estimate(run("embed", max_length=512), bert, machine(A100), None)
    real = estimate(run("embed", max_length=512), bert, machine(A100), pairs())
    assert real.terms["activations"] == pytest.approx(long.terms["activations"] * (512 + 108) / 1024, rel=0.01)


def test_every_published_model_can_be_estimated() -> None:
    configs = sorted((TRUTH / "models").glob("*/*/config.json"))
    if not configs:
        pytest.skip("../shared/truth/models is not here")
    for file in configs:
        facts = look(str(file.parent))
        said = estimate(run(method="qlora"), facts, machine(A100), None)
        assert 0.4 < said.peak_gib / ((facts.parameters or 0) * 0.6 / GIB) < 12, file


def measured(row: dict[str, str]) -> tuple[float, float]:
    """Return the predicted and the measured GB of a public run."""
    facts = look(str(TRUTH / "models" / row["hf_id"]))
    tags = dict(tag.strip().split("=", 1) for tag in row["notes"].split(";") if tag.count("=") == 1)
    rows, length = int(row["batch_per_device"]), int(row["seq_len"])
    said = step(
        facts, tokens=rows * length, length=length, rows=rows, full=row["method"] == "full",
        bits=4 if row["method"] == "qlora4" else 16, rank=int(row["lora_r"] or 0),
        targets=tuple(name.strip() for name in row["lora_targets"].split(",")), amp=tags.get("amp") == "1",
        checkpointing=row["grad_checkpointing"] == "yes", kernel=KERNELS[tags["ce"]],
        padded=row["packing"] != "yes" and not row["attention"].startswith("flash"),
    )  # fmt: skip
    overhead = 1.046 if row["peak_kind"] == "reserved" else 1.0
    peak = memory(said)
    return overhead * (sum(peak.values()) - peak["cuda"]) * GIB / 1e9, float(row["peak_gb"])


@pytest.mark.skipif(not MEASURED.exists(), reason="../shared/truth is not here")
@pytest.mark.parametrize(
    ("method", "trainable", "measured_gb"),
    [
        ({"kind": "ia3"}, 286_720, 23.234),
        ({"kind": "prefix", "tokens": 50}, 2_867_200, 20.586),
        ({"kind": "prompt", "tokens": 200}, 614_400, 24.394),
    ],
)
def test_small_methods_train_as_many_numbers_as_published_and_need_as_much(
    method: dict[str, Any], trainable: int, measured_gb: float
) -> None:
    facts = look(str(TRUTH / "models" / "meta-llama" / "Llama-3.2-3B"))
    one = one_step(run(method=method, batch=4, max_length=691, gradient_checkpointing=False), facts, None)
    assert terms.trainable(one) == trainable
    peak = memory(replace(one, amp=False, kernel="plain"))
    said = 1.046 * (sum(peak.values()) - peak["cuda"]) * GIB / 1e9
    assert said == pytest.approx(measured_gb, rel=0.04)


def test_last_layers_keep_nothing_below_them_and_a_head_trains_nothing_else(llama: ModelFacts) -> None:
    def of(goal: str, method: Any) -> Step:
        return one_step(run(goal, method=method, gradient_checkpointing=False), llama, None)

    two, eight = (of("sft", {"kind": "layers", "last": last}) for last in (2, 8))
    assert terms.kept(two) == pytest.approx(terms.kept(of("sft", "full")) * 2 / 32)
    assert terms.kept(eight) == pytest.approx(4 * terms.kept(two))
    block = 4 * 4096 * 4096 + 3 * 4096 * 11008 + 2 * 4096
    assert terms.trainable(two) == 2 * block + 32000 * 4096
    assert set(memory(of("classify", "head"))) == {"weights", "adapters", "activations", "loss", "cuda"}
    assert terms.trainable(of("sft", {"kind": "bottleneck", "size": 8})) == 32 * 2 * (2 * 4096 * 8 + 4096 + 8)


def test_two_texts_are_read_where_two_are_compared_and_a_copy_is_held_where_none_can_be_switched_off(
    llama: ModelFacts, tmp_path: Path
) -> None:
    def of(goal: str, **sections: Any) -> Step:
        plainly = run().model_dump(mode="json")
        values = {"goal": goal, "model": plainly["model"], "data": {"train": "rows.jsonl"}, "launch": plainly["launch"]}
        values["training"] = {"precision": "bf16", "batch": 2, "accumulate": 4, "max_length": 1024}
        return one_step(check({**values, **sections}), llama, None)

    assert of("prefer").tokens == of("reward").tokens == 2 * of("sft").tokens
    whole, live = {"kind": "full"}, {"reference": "live"}
    copy = (llama.parameters or 0) * 2
    assert of("prefer", method=whole, objective=live).beside == copy
    assert of("prefer", method=whole).beside == of("prefer", objective=live).beside == 0
    assert of("prefer", method=whole, objective={**live, "loss": "orpo"}).beside == 0
    teacher = model(tmp_path / "teacher", QWEN_HALF_B)
    assert of("distill", objective={"teacher": teacher.id}).beside == (teacher.parameters or 0) * 2
    assert of("distill", objective={"teacher": "some/teacher"}).beside == 0
    paid = {"reward": {"function": "builtin:contains"}, "max_new_tokens": 100}
    assert of("reinforce", objective=paid, method=whole).beside == copy
    assert of("reinforce", objective={**paid, "algorithm": "ppo"}).cache * 4 == of("reinforce", objective=paid).cache
    assert of("reinforce", objective=paid).told == 200
    assert of("sft", method=whole, retention={"kind": "ewc"}).guard == 16


def published() -> list[dict[str, str]]:
    """Return the public runs of one card whose kernel and settings are known."""
    with MEASURED.open() as stream:
        rows = list(csv.DictReader(stream))
    return [
        row
        for row in rows
        if row["method"] in ("full", "lora", "qlora4")
        and row["n_gpus"] == "1"
        and "spec=ok" in row["notes"]
        and row["quant"] in ("none", "nf4", "nf4-dq")
        and ("ce=liger" in row["notes"] or "method_comparison" in row["source"])
        and "variant=" not in row["notes"]
        and "adapter=fp32" in row["notes"] + "adapter=fp32" * (row["method"] == "full")
        and row["peak_kind"] in ("allocated", "reserved")
        and row["seq_len"].isdigit()
    ]


@pytest.mark.skipif(not MEASURED.exists(), reason="../shared/truth is not here")
def test_measured_runs_lie_close_to_the_prediction() -> None:
    rows = published()
    assert len(rows) > 5
    errors = sorted(abs(said / truth - 1) for said, truth in map(measured, rows))
    assert statistics.median(errors) < 0.03, errors
    assert errors[int(0.9 * len(errors))] < 0.08, errors


def test_an_estimate_costs_next_to_nothing(llama: ModelFacts) -> None:
    one, box, data = run(), machine(T4), chats()
    estimate(one, llama, box, data)
    started = time.process_time()
    for _ in range(50):
        estimate(one, llama, box, data)
    assert (time.process_time() - started) / 50 < 0.01  # a tenth of a millisecond on an idle core


def test_time_follows_card_method_and_rows(llama: ModelFacts) -> None:
    def hours(*, box: Any = None, data: Any = None, **training: Any) -> float:
        spent = estimate(run(**training), llama, box or machine(T4), data or chats()).seconds
        assert spent is not None and spent[0] < spent[1] < spent[2]
        return spent[1] / 3600

    assert hours(box=machine(A100)) < hours(box=machine(T4)) / 3
    assert hours(epochs=1) < hours(epochs=3)
    assert hours(method="lora") < hours(method="qlora") < hours(method="lora8")
    assert hours(data=chats(rows=400)) < hours()
    assert hours(gradient_checkpointing=False) < hours()
    assert hours(max_steps=10) < hours() / 5
    assert estimate(run(), llama, machine(T4), None).seconds is None


def test_unknown_cards_and_cpus_have_a_time_too(tmp_path: Path) -> None:
    minilm = model(tmp_path / "minilm", MINILM, sentences=256)
    on_cpu = estimate(run("embed", "cpu", max_length=256, epochs=1), minilm, machine(), pairs())
    assert on_cpu.seconds is not None and 30 < on_cpu.seconds[1] < 3600
    strange = machine(replace(T4, name="Card of the future"))
    assert estimate(run("embed"), minilm, strange, pairs()).seconds is not None


MIXTRAL = {
    **LLAMA_7B, "architectures": ["MixtralForCausalLM"], "model_type": "mixtral", "num_key_value_heads": 8,
    "intermediate_size": 14336, "num_local_experts": 8, "num_experts_per_tok": 2,
}  # fmt: skip


def test_a_mixture_in_4_bit_fits_only_where_its_experts_fit_in_16(tmp_path: Path) -> None:
    mixture = model(tmp_path / "mixtral", MIXTRAL)
    whole = 32 * 8 * 3 * 4096 * 14336 * 2 / GIB
    small, large = (machine(card("card", gib, gib, (9, 0))) for gib in (80, 140))
    found = estimate(run(method="qlora"), mixture, small, None)
    assert found.peak_gib < 50  # as published, by libraries that packed them
    assert found.high_gib > whole
    assert found.fits is False
    assert "experts of a mixture in 16 bit" in found.notes[0]
    assert estimate(run(method="qlora"), mixture, large, None).fits is True
    assert estimate(run(method="lora"), mixture, large, None).notes == ()


@pytest.mark.slow
def test_the_library_leaves_experts_whole_as_the_note_says(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig, MixtralConfig, MixtralForCausalLM

    small = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 1, "num_attention_heads": 4}
    config = MixtralConfig(vocab_size=128, num_key_value_heads=2, num_local_experts=4, **small)
    MixtralForCausalLM(config).save_pretrained(tmp_path)
    packed = BitsAndBytesConfig(load_in_4bit=True)
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path, quantization_config=packed, dtype=torch.bfloat16)
    block = loaded.model.layers[0]
    assert block.self_attn.q_proj.weight.dtype == torch.uint8
    assert block.mlp.experts.gate_up_proj.dtype == torch.bfloat16
