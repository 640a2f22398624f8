"""Logs of other trainers lie on the axis of their own steps, whatever they call them and however often they begin."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.foreign import first
from engine.history import History

LLAMA_FACTORY = [
    {"current_steps": step, "total_steps": 100, "loss": step / 10, "lr": 1e-4, "epoch": step / 100,
     "percentage": float(step), "elapsed_time": "0:00:01", "remaining_time": "0:01:00"}
    for step in (10, 20, 30)
]  # fmt: skip
MS_SWIFT = [
    {"loss": step / 10, "token_acc": 0.4, "memory(GiB)": 3.1, "train_speed(iter/s)": 0.5, "epoch": step / 100,
     "global_step/max_steps": f"{step}/100", "percentage": f"{step}.00%", "elapsed_time": "1s", "remaining_time": "1m"}
    for step in (10, 20, 30)
]  # fmt: skip
PRINTED = {
    "torchtune": "Step {step} | loss:{loss} lr:1e-05 tokens_per_second_per_gpu:900.1 \n",
    "transformers": "  5%|# | 1/9 [00:01<00:02, 1.00it/s]\r{{'loss': '{loss}', 'grad_norm': nan, 'step': {step}}}\n",
    "mlx": "Iter {step}: Train loss {loss}, Learning Rate 1.000e-05, It/sec 2.5, Trained Tokens 100\n",
    "megatron": " [2026-11-30 12:00:00] iteration {step:>8}/     100 | learning rate: 1.5E-04 | lm loss: {loss:.6E} |\n",
    "litgpt": "Epoch 1 | iter 9 step {step} | loss train: {loss}, val: n/a | iter time: 12.5 ms (step)\n",
    "own": "2026-11-30 12:00:00,123 INFO train.py:17 - step {step}/100, loss={loss}\n",
}


def lines(rows: list[dict[str, Any]]) -> str:
    """Rows as JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def read(content: str, folder: Path, name: str = "log.jsonl") -> History:
    """What is known of a file with this content."""
    (folder / name).write_text(content)
    return first(folder / name).history


def points(known: History, name: str = "loss") -> list[tuple[int, float]]:
    """The points of a curve."""
    series = (known.metrics | known.evaluated)[name]
    return list(zip(series.steps, series.values, strict=True))


@pytest.mark.parametrize("rows", [LLAMA_FACTORY, MS_SWIFT], ids=["LLaMA-Factory", "ms-swift"])
def test_json_lines_of_others_lie_on_their_own_steps(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    known = read(lines([*rows, {**rows[1], "loss": None, "eval_loss": 4.0}]), tmp_path)
    assert points(known) == [(10, 1.0), (20, 2.0), (30, 3.0)]
    assert points(known, "eval_loss") == [(20, 4.0)]
    assert known.max_steps == 100 and known.skipped == 0
    assert set(known.metrics) <= {"loss", "learning_rate", "token_acc", "memory(GiB)", "speed(iter/s)"}


@pytest.mark.parametrize("name", PRINTED)
def test_printed_lines_lie_on_their_own_steps(name: str, tmp_path: Path) -> None:
    text = "".join(PRINTED[name].format(step=step, loss=step / 10) for step in (10, 20, 30))
    known = read(f"Loading: 3 files\nno loss here\n{text}{PRINTED[name].format(step=40, loss=4.0)[:-1]}", tmp_path)
    assert points(known) == [(10, 1.0), (20, 2.0), (30, 3.0)]


@pytest.mark.parametrize(
    "name", ["step", "Step", "global_step", "trainer/global_step", "current_steps", "iteration", "iter", "num_updates"]
)
def test_a_step_goes_by_many_names(name: str, tmp_path: Path) -> None:
    assert points(read(lines([{name: step, "loss": 1.0} for step in (5, 10)]), tmp_path)) == [(5, 1.0), (10, 1.0)]


def test_the_surest_of_several_steps_is_taken(tmp_path: Path) -> None:
    rows = [{"step": step % 4, "global_step": step, "epoch": step // 4, "loss": 1.0} for step in range(1, 9)]
    assert [step for step, _ in points(read(lines(rows), tmp_path))] == list(range(1, 9))


@pytest.mark.parametrize("begin", [0, 1, 10])
def test_steps_that_begin_anew_in_each_epoch_are_counted_on(begin: int, tmp_path: Path) -> None:
    rows = [{"epoch": epoch, "step": step, "loss": 1.0} for epoch in (0, 1, 2) for step in range(begin, begin + 5)]
    steps = [step for step, _ in points(read(lines(rows), tmp_path))]
    assert len(steps) == 15 and steps == sorted(set(steps))


def test_what_was_trained_anew_takes_the_place_of_what_was_given_up(tmp_path: Path) -> None:
    """The first part went to 70; the resumed one logs at other steps, and what lay between them is gone."""
    given_up = [{"step": step, "epoch": step / 100, "loss": 9.0} for step in range(10, 80, 10)]
    anew = [{"step": step, "epoch": step / 100, "loss": 1.0} for step in (35, 45, 55)]
    tested = [{"step": 30, "eval_loss": 3.0}, {"step": 60, "eval_loss": 6.0}]
    known = read(lines([*given_up[:3], tested[0], *given_up[3:6], tested[1], *given_up[6:], *anew]), tmp_path)
    assert points(known) == [(10, 9.0), (20, 9.0), (30, 9.0), (35, 1.0), (45, 1.0), (55, 1.0)]
    assert points(known, "eval_loss") == [(30, 3.0)]


def test_a_row_that_comes_late_takes_nothing_away(tmp_path: Path) -> None:
    rows = [{"step": step, "loss": float(step)} for step in (1, 2, 4, 3)]
    assert points(read(lines([*rows, {"step": 0, "loss": 7.0}]), tmp_path))[1:] == [(1, 1), (2, 2), (3, 3), (4, 4)]


def test_rows_without_a_step_lie_where_the_row_before_did(tmp_path: Path) -> None:
    rows = [{"step": 10, "loss": 1.0}, {"eval_loss": 2.0}, {"step": 20, "loss": 1.0}, {"eval_loss": 3.0}]
    assert points(read(lines(rows), tmp_path), "eval_loss") == [(10, 2.0), (20, 3.0)]


def test_texts_lists_and_numbers_that_are_none_cost_nothing_else(tmp_path: Path) -> None:
    odd = {"note": "x", "list": [1], "deep": {"er": {"x": 1}}, "none": None, "yes": True, "long": 10**400, "": 1.0}
    text = lines([{"step": step, "loss": 1.0, **odd} for step in (1, 2)])
    known = read(text + '{"step": 3, "loss": NaN, "grad_norm": Infinity}\n{"step": 4, "loss": 2.0}\n', tmp_path)
    assert [step for step, _ in points(known)] == [1, 2, 3, 4]
    assert known.metrics["loss"].last == 2.0 and known.skipped == 0
