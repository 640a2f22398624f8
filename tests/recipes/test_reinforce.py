"""Reinforcement learning: every algorithm with every method, its rewards, its curves, and what is wrong with rewards."""

import json
from pathlib import Path

import pytest

from engine import run as runs
from engine.config import methods_of
from tests.forge import _run, _work, check_cell, forge, resumed
from tests.reinforcements import PAY, described, reward_file
from tests.training import create, curves, wait

pytestmark = pytest.mark.slow

ALGORITHMS = ("ppo", "rloo", "grpo")
CELLS = [(algorithm, method) for algorithm in ALGORITHMS for method in methods_of("reinforce")]
CURVES = {"loss", "policy_loss", "grad_norm", "learning_rate", "reward", "reward_std", "kl", "entropy", "length"}
GROUPS = (1, 3)
"""Steps at which the answers are new: a group's advantages add up to 0 there, and with them its loss."""


def weights(folder):
    from safetensors.torch import load_file

    return {
        name: value for file in sorted(Path(folder).glob("*.safetensors")) for name, value in load_file(file).items()
    }


def spoken(folder, method, samples):
    """What the saved model answers to the prompts of the samples."""
    from peft import AutoPeftModelForCausalLM
    from transformers import AutoModelForCausalLM, AutoTokenizer

    loader = AutoModelForCausalLM if method == "full" else AutoPeftModelForCausalLM
    model, tokenizer = loader.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    texts = []
    for sample in samples:
        turns = [{"role": "user", "content": sample["prompt"]}]
        asked = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_tensors="pt")["input_ids"]
        whole = model.generate(asked, max_new_tokens=6, do_sample=False, pad_token_id=tokenizer.pad_token_id)
        texts.append(tokenizer.decode(whole[0, asked.shape[1] :], skip_special_tokens=True).strip())
    return texts


@pytest.mark.parametrize(("algorithm", "method"), CELLS)
def test_every_algorithm_trains_with_every_method(algorithm, method, llama, tmp_path):
    silent = () if algorithm == "ppo" else GROUPS
    _, known = check_cell(described(algorithm, method, llama, tmp_path), tmp_path, silent)
    results, series = known.finished["results"], curves(known)
    extra = {"value_loss", "clip_fraction"} if algorithm == "ppo" else {"clip_fraction", "equal_groups"}
    assert {name for name in series if not name.startswith("eval ")} == CURVES | extra
    assert [step for step, _ in series["loss"]] == [1, 2, 3, 4]
    if algorithm == "ppo":  # the value function's share of the loss is VALUE_COEF
        named = {name: [value for _, value in series[name]] for name in ("loss", "policy_loss", "value_loss")}
        for loss, policy, value in zip(*named.values(), strict=True):
            assert loss == pytest.approx(policy + 0.1 * value, abs=1e-6)
    assert {name for name in series if name.startswith("eval ")} == {"eval reward", "eval kl", "eval length"}
    assert [step for step, _ in series["eval reward"]] == [0, 2, 4]
    assert series["eval kl"][0][1] == pytest.approx(0, abs=1e-4 if method == "qlora" else 1e-8)
    assert series["eval kl"][-1][1] > 0
    assert [row["name"] for row in results["metrics"]] == ["reward", "kl", "length"]
    assert results["trainable"] == results["parameters"] if method == "full" else results["trainable"] < 30_000

    base, saved = weights(llama), weights(results["model_folder"])
    if method == "full":
        assert saved.keys() == base.keys()
        assert all((saved[name] != base[name]).any() for name in base)
    else:
        assert all("lora_" in name for name in saved)
        assert all(saved[name].any() for name in saved)
        assert not list(Path(results["model_folder"]).glob("ref/*"))
    if method != "qlora":  # 4-bit weights are rounded anew in another type
        assert spoken(results["model_folder"], method, results["samples"]) == [
            sample["tuned"] for sample in results["samples"]
        ]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_going_on_from_a_checkpoint_gives_the_numbers_of_the_unbroken_run(algorithm, llama, tmp_path):
    run = described(algorithm, "lora", llama, tmp_path, max_steps=12, rows=15, keep_checkpoints=9)
    run["method"]["dropout"] = 0.1
    if algorithm != "ppo":
        run["objective"]["generations"] = 2
    folder, known = forge(run, tmp_path / "runs")
    assert known.epoch > 1.5
    for step in (2, 8):
        alone = tmp_path / f"from-{step}"
        alone.mkdir()
        again = resumed(folder, alone, step)
        assert again["metrics"] == known.finished["results"]["metrics"]
        assert again["samples"] == known.finished["results"]["samples"]
        one, other = (
            json.loads((place / "output" / "checkpoint-12" / "trainer_state.json").read_text())["log_history"]
            for place in (folder, alone)
        )
        for entry in (*one, *other):
            entry.pop("step_time", None)
        assert one == other


def test_ppo_in_16_bit_with_checkpointing_minibatches_and_an_entropy_term(llama, tmp_path):
    objective = {"entropy_coef": 0.02, "minibatches": 2, "value_coef": 0.5, "lam": 0.0, "sampling_temperature": 0.8}
    run = described(
        "ppo", "lora", llama, tmp_path, objective, accumulate=2, gradient_checkpointing=True, precision="bf16"
    )
    run["model"]["dtype"] = "bf16"
    _, known = forge(run, tmp_path / "runs")
    series = {name: [value for _, value in points] for name, points in curves(known).items()}
    assert len(series["loss"]) == 4
    for loss, policy, value in zip(*(series[name] for name in ("loss", "policy_loss", "value_loss")), strict=True):
        assert loss - policy - 0.5 * value == pytest.approx(-0.02 * 5.9, abs=0.02)  # ln 400 is 5.99
    assert series["eval kl"][-1] > 0


def test_ppo_keeps_the_rhythm_of_epochs_and_the_best_of_its_checkpoints(llama, tmp_path):
    run = described("ppo", "full", llama, tmp_path, rows=30, max_steps=0, epochs=3, evaluate_every="epoch",
                    save_every="epoch", keep_checkpoints=1, log_every=2)  # fmt: skip
    folder, known = forge(run, tmp_path / "runs")
    assert known.begun["max_steps"] == 9  # 24 prompts, 8 a step
    assert [step for step, _ in curves(known)["eval reward"]] == [0, 3, 6, 9]
    assert [step for step, _ in curves(known)["loss"]] == [2, 4, 6, 8]
    assert [entry["step"] for entry in known.checkpoints] == [3, 6, 9]
    best = known.finished["results"]["best_step"]
    kept = {int(path.name.split("-")[1]) for path in (folder / "output").glob("checkpoint-*")}
    assert kept <= {3, 6, 9} and {9, best} <= kept and len(kept) <= 3
    reward = dict(curves(known)["eval reward"])
    assert reward[best] == max(value for step, value in reward.items() if step)
    assert known.finished["results"]["metrics"][0]["tuned"] == reward[best]


STOPPER = (
    PAY
    + '''

import os, pathlib, signal

calls = []


def stop(prompts, completions, **columns):
    """Pay as ever, and ask the worker to stop in the middle of the third step, once."""
    flag = pathlib.Path(__file__).parent / "control" / "armed"
    calls.append(1)
    if flag.exists() and len(calls) == ARMED:
        flag.unlink()
        os.kill(os.getpid(), signal.SIGTERM)
    return pay(prompts, completions, **columns)
'''
)


def test_a_stop_in_ppo_ends_after_the_step_and_resuming_gives_the_same_numbers(llama, tmp_path):
    # one call tries the reward, one is the baseline (8 test prompts), then a step each
    name = reward_file(tmp_path, STOPPER.replace("ARMED", "5")).replace(":pay", ":stop")
    run = described(
        "ppo", "full", llama, tmp_path, {"reward": {"function": name}}, max_steps=6, evaluate_every=6, save_every=6
    )
    whole = create(run, tmp_path / "unbroken")
    (whole / "control" / "evaluate").touch()
    assert _run(_work, whole) == 0
    unbroken = wait(whole)

    folder = create(run, tmp_path / "broken")
    (folder / "control" / "armed").touch()
    (folder / "control" / "save").touch()
    assert _run(_work, folder) == 130
    stopped = wait(folder)
    assert stopped.finished["status"] == "stopped"
    assert [entry["step"] for entry in stopped.checkpoints] == [1, 3]
    assert runs.state(folder, stopped) == "stopped"
    assert _run(_work, folder) == 0
    resumed_run = wait(folder)
    assert resumed_run.begun["from_step"] == 3
    expected = curves(unbroken)
    assert [step for step, _ in expected["eval reward"]] == [0, 1, 6]  # that one more changes nothing, and is no best
    asked_for = {name: [point for point in points if point[0] != 1] for name, points in expected.items()}
    assert curves(resumed_run) == {name: asked_for[name] if "eval" in name else expected[name] for name in expected}
    assert resumed_run.finished["results"]["metrics"] == unbroken.finished["results"]["metrics"]


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.extended) for seed in (2, 3))])
def test_ppo_finds_the_best_answers_of_a_reward_whose_optimum_is_known(seed, llama, tmp_path):
    run = described(
        "ppo", "full", llama, tmp_path, {"iterations": 4}, rows=48,
        max_steps=40, batch=32, seed=seed, evaluate_every=20, save_every=20,
    )  # fmt: skip
    _, known = forge(run, tmp_path / "runs")
    reward = dict(curves(known)["eval reward"])
    assert reward[0] < 0.3
    assert known.finished["results"]["metrics"][0]["tuned"] >= 0.9
    assert max(value for _, value in curves(known)["reward"]) >= 0.9
    warned = {warning["code"]: warning for warning in known.warnings}
    assert "reward_hacking_kl" in warned  # vowels over and over are what was paid for, and nothing else
    assert "KL" in warned["reward_hacking_kl"]["message"]
    assert "kl_coef" in warned["reward_hacking_kl"]["advice"]
