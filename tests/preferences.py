"""Preference rows for tests, runs over them, and the losses worked out by hand from log-probabilities."""

import math
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.tiny import COLOURS, THINGS, write_rows
from tests.training import whole_script

ROLES = ("prompt", "chosen", "rejected")


def choices(count: int = 20) -> list[dict[str, Any]]:
    """Prompts with a better and a worse answer."""
    return [
        {
            "prompt": f"colour of {THINGS[n % 10]} {n}?",
            "chosen": f"it is {COLOURS[n % 8]}.",
            "rejected": f"the {THINGS[n % 10]} is what it is, who knows",
        }
        for n in range(count)
    ]


def verdicts(count: int = 10) -> list[dict[str, Any]]:
    """Prompts with one answer each that is good or bad."""
    return [
        {"prompt": row["prompt"], "completion": row[side], "label": side == "chosen"}
        for row in choices(count)
        for side in ("chosen", "rejected")
    ]


def described(goal: str, kind: str, model: Path, folder: Path, rows: list[dict[str, Any]], **sections: Any) -> dict:
    """A small complete run over preference rows; `sections` are laid over it."""
    data = write_rows(folder / "rows.jsonl", rows)
    run = {
        "goal": goal,
        "model": {"id": str(model), "dtype": "fp32", "attention": "sdpa"},
        "data": {"train": str(data), "test_fraction": 0.2, "columns": {name: name for name in rows[0]}},
        "method": {"kind": kind, **({"rank": 4, "alpha": 8, "dropout": 0.0} if "lora" in kind else {})},
        "objective": {"chat_template": "plain"},
        "training": {
            "epochs": 1,
            "batch": 4,
            "learning_rate": 5e-3,
            "schedule": "constant",
            "warmup": 0,
            "max_length": 96,
            "precision": "fp32",
            "threads": 1,
            "evaluate_every": 4,
            "save_every": 4,
        },
        "launch": {"device": "cpu"},
        "output": {"name": f"{goal}-{kind}"},
    }
    if goal == "prefer":
        run["objective"] |= {"samples": 1, "max_new_tokens": 4}
    for name, section in sections.items():
        run[name] = {**run[name], **section}
    return run


@dataclass
class Batch:
    """Log-probabilities of answers under policy and reference: sums (pairs), and the lengths of the answers."""

    chosen: Any
    rejected: Any
    old_chosen: Any
    old_rejected: Any
    chosen_length: Any
    rejected_length: Any

    @property
    def good(self) -> Any:
        """Log-ratio of the chosen answers."""
        return self.chosen - self.old_chosen

    @property
    def bad(self) -> Any:
        """Log-ratio of the rejected answers."""
        return self.rejected - self.old_rejected


def loss_of(name: str, batch: Batch, beta: float, smoothing: float) -> float:
    """A loss of DPO's family, from its paper's formula."""
    from torch import log, relu, sigmoid, sort
    from torch.nn.functional import logsigmoid, softplus

    good, bad = batch.good, batch.bad
    h = beta * (good - bad)
    per_word = good / batch.chosen_length - bad / batch.rejected_length
    win = sigmoid(h)
    match name:
        case "sigmoid":
            losses = softplus(-h)
        case "sigmoid_norm":
            losses = softplus(-beta * per_word)
        case "hinge":
            losses = relu(1 - h)
        case "ipo":
            losses = (per_word - 1 / (2 * beta)) ** 2
        case "robust":
            losses = ((1 - smoothing) * softplus(-h) - smoothing * softplus(h)) / (1 - 2 * smoothing)
        case "exo_pair":
            losses = win * (log(win) - math.log(1 - smoothing)) + (1 - win) * (log(1 - win) - math.log(smoothing))
        case "nca_pair":
            losses = -logsigmoid(beta * good) - (logsigmoid(-beta * good) + logsigmoid(-beta * bad)) / 2
        case "bco_pair":
            losses = -logsigmoid(beta * good) - logsigmoid(-beta * bad)
        case "sppo_hard":
            losses = (good - 1 / (2 * beta)) ** 2 + (bad + 1 / (2 * beta)) ** 2
        case "aot":
            ours, theirs = batch.chosen - batch.rejected, batch.old_chosen - batch.old_rejected
            losses = softplus(-beta * (sort(ours).values - sort(theirs).values))
        case "aot_unpaired":
            losses = softplus(-beta * (sort(good).values - sort(bad).values))
        case "apo_zero":
            losses = 1 - sigmoid(beta * good) + sigmoid(beta * bad)
        case "apo_down":
            losses = sigmoid(beta * good) + 1 - win
        case "discopop":
            share = sigmoid(h / 0.05)
            losses = (1 - share) * softplus(-h) + share * (-h).exp()
        case other:
            raise AssertionError(other)
    return float(losses.mean())


def sums(model: Any, prompts: list[list[int]], answers: list[list[int]]) -> Any:
    """The log-probability of each answer after its prompt, from the model's plain logits, one text at a time."""
    import torch

    found = []
    for prompt, answer in zip(prompts, answers, strict=True):
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([prompt + answer])).logits[0].float()
        words = logits.log_softmax(-1)[len(prompt) - 1 : -1]
        found.append(words[torch.arange(len(answer)), torch.tensor(answer)].sum())
    return torch.stack(found)


def script_of(folder: Path) -> ModuleType:
    """A run's own script as a module: its settings and its functions, nothing trained."""
    import hashlib

    from engine.worker.worker import load

    file = whole_script(folder)
    return load(file, hashlib.sha256(file.read_bytes()).hexdigest())


def tuned_model(folder: Path, script: ModuleType) -> Any:
    """The saved model of a run, loaded from its folder alone."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    saved = folder / "output" / "model"
    if (saved / "adapter_config.json").exists():
        return PeftModel.from_pretrained(script.load_model(), saved).eval()
    return AutoModelForCausalLM.from_pretrained(saved).eval()
