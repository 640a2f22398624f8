"""What the guide advises also starts: a sample of advised runs trains two steps, with a tiny model and tiny rows put in."""

from pathlib import Path
from typing import Any

import pytest

from engine.config import Run, plain
from engine.document import put
from engine.guide import Facts, Wishes, recommend
from engine.machine import Machine
from engine.section import Section
from tests.facts import A100, ASKED, BERT_BASE, LLAMA_7B, QWEN_HALF_B, RTX_4090, T4, machine, model, rows_for
from tests.forge import forge
from tests.tiny import labelled, pairs, talks, write_rows

pytestmark = pytest.mark.slow

BIG = machine(A100)
SAMPLE: dict[str, tuple[str, dict[str, Any], bool, Machine, int, dict[str, str], str]] = {
    "sft on a T4": ("sft", LLAMA_7B, False, machine(T4), 4812, {}, "qlora"),
    "sft on an A100": ("sft", QWEN_HALF_B, True, BIG, 700, {}, "lora"),
    "sft far away, the best result": ("sft", QWEN_HALF_B, True, BIG, 20_000, {"distance": "far", "trouble": "any"}, "full"),
    "sft that must keep what it knows": ("sft", QWEN_HALF_B, True, BIG, 700, {"keep": "yes", "distance": "far"}, "lora"),
    "pretrain": ("pretrain", QWEN_HALF_B, True, machine(RTX_4090), 5000, {}, "lora"),
    "classify": ("classify", BERT_BASE, False, machine(RTX_4090), 5000, {}, "lora"),
    "classify a few": ("classify", BERT_BASE, False, machine(), 60, {}, "head"),
    "embed": ("embed", BERT_BASE, False, machine(T4), 1772, {}, "lora"),
    "prefer": ("prefer", QWEN_HALF_B, True, BIG, 4812, {}, "lora"),
    "prefer in one stage": ("prefer", QWEN_HALF_B, False, BIG, 4812, {"trouble": "least"}, "lora"),
    "reward": ("reward", QWEN_HALF_B, True, machine(RTX_4090), 4812, {}, "lora"),
    "reinforce by a rule": ("reinforce", QWEN_HALF_B, True, BIG, 4812, {"signal": "rule"}, "lora"),
    "reinforce for the long run": ("reinforce", QWEN_HALF_B, True, BIG, 4812, {"signal": "longterm"}, "lora"),
    "distill": ("distill", QWEN_HALF_B, True, BIG, 4812, {}, "full"),
    "baseline": ("baseline", QWEN_HALF_B, True, machine(), 4812, {}, "none"),
}  # fmt: skip


def rows_of(goal: str) -> list[dict[str, Any]]:
    """Return tiny rows in the columns that the advised run reads."""
    answered = talks()
    if goal == "embed":
        return [{"anchor": row["question"], "positive": row["passage"]} for row in pairs()]
    if goal == "classify":
        return [{"text": row["text"], "label": row["label"]} for row in labelled()]
    if goal == "pretrain":
        return [{"text": f"{row['prompt']} {row['completion']}"} for row in answered]
    if goal in ("prefer", "reward"):
        return [{"prompt": row["prompt"], "chosen": row["completion"], "rejected": "it is."} for row in answered]
    if goal == "reinforce":
        return [{"prompt": row["prompt"], "answer": row["completion"]} for row in answered]
    return answered


def has(run: Run, dotted: str) -> bool:
    """Say whether a run has such a field."""
    section, _, name = dotted.partition(".")
    held: Section = getattr(run, section)
    return name in type(held).model_fields


def made_small(run: Run, tiny: Path, rows: Path) -> dict[str, Any]:
    """Return an advised run with a tiny model and tiny rows in place of its own, for two steps on this CPU."""
    small: dict[str, Any] = {
        "model.id": str(tiny), "model.dtype": "fp32", "launch.device": "cpu", "launch.devices": [],
        "data.train": str(rows), "data.test_fraction": 0.25, "training.precision": "fp32", "training.threads": 1,
        "training.max_steps": 2, "training.batch": 4, "training.accumulate": 2, "training.max_length": 64,
        "training.optimizer": "adamw", "training.log_every": 1, "training.evaluate_every": 2, "training.save_every": 2,
        "objective.max_new_tokens": 8, "objective.samples": 1, "objective.teacher": str(tiny),
        "objective.chat_template": "plain", "objective.matryoshka": [64, 32], "objective.best_dimension": 64,
        "method.last": 1,
    }  # fmt: skip
    values = plain(run)
    for dotted, value in small.items():
        if has(run, dotted):
            values = put(values, dotted, value)
    return values


@pytest.mark.parametrize("name", SAMPLE)
def test_an_advised_run_trains_two_steps(name: str, llama: Path, bert: Path, tmp_path: Path) -> None:
    goal, config, chat, box, rows, wishes, method = SAMPLE[name]
    facts = model(tmp_path / "model", config, chat=chat)
    answers = {"goal": goal, "model": {"id": facts.id}, **ASKED.get(goal, {})}
    run = recommend(answers, Facts(box, facts, rows_for(goal, rows)), Wishes(wishes)).run
    assert run.method.kind == method
    data = write_rows(tmp_path / "rows.jsonl", rows_of(goal))
    _, known = forge(made_small(run, bert if facts.kind == "encoder" else llama, data), tmp_path / "runs")
    results = known.finished["results"]
    assert results["goal"] == goal and results["metrics"]
    assert known.step == (0 if goal == "baseline" else 2) or method == "head"
