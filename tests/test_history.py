"""The fold over a run's events: what a sequence of lines makes of curves, speed and state."""

import math
from itertools import pairwise
from typing import Any

from engine.history import History


def tell(*events: dict[str, Any]) -> History:
    history = History()
    for at, event in enumerate(events):
        history.apply({"time": 1000.0 + at, **event})
    return history


def started(**more: Any) -> dict[str, Any]:
    return {"type": "started", "host": "box", "pid": 1, **more}


def begun(start: int = 0, planned: int = 100) -> dict[str, Any]:
    return {"type": "begun", "from_step": start, "max_steps": planned, "epochs": 2, "trainable": 5, "parameters": 50}


def metrics(step: int, loss: float | None, **more: Any) -> dict[str, Any]:
    return {"type": "metrics", "step": step, "epoch": step / 50, "values": {"loss": loss}, **more}


def evaluated(step: int, **values: float) -> dict[str, Any]:
    return {"type": "evaluated", "step": step, "epoch": step / 50, "values": values}


def test_a_run_from_start_to_end() -> None:
    history = tell(
        started(),
        {"type": "phase", "name": "data"},
        {"type": "progress", "name": "tokenising", "done": 3, "total": None, "unit": "rows"},
        begun(),
        evaluated(0, eval_loss=2.5),
        metrics(1, 2.0),
        metrics(2, 1.5),
        evaluated(2, eval_loss=1.8),
        {"type": "sample", "step": 2, "prompt": "p", "base": "b", "tuned": "t"},
        {"type": "checkpoint", "step": 2, "path": "output/checkpoint-2"},
        {"type": "finished", "status": "completed", "results": {"goal": "sft"}},
    )
    assert list(history.metrics["loss"].steps) == [1, 2]
    assert list(history.metrics["loss"].values) == [2.0, 1.5]
    assert list(history.evaluated["eval_loss"].steps) == [0, 2]
    assert (history.step, history.epoch, history.max_steps) == (2, 0.04, 100)
    assert history.samples == [{"step": 2, "prompt": "p", "base": "b", "tuned": "t"}]
    assert history.checkpoints[-1]["path"] == "output/checkpoint-2"
    assert history.finished is not None and history.finished["results"] == {"goal": "sft"}
    assert history.progress is None
    assert history.last_time == 1010.0


def test_progress_lasts_until_the_next_phase() -> None:
    report = {"type": "progress", "name": "download", "done": 5, "total": 10, "unit": "MB"}
    history = tell(started(), {"type": "phase", "name": "model"}, report)
    assert history.progress == {"name": "download", "done": 5, "total": 10, "unit": "MB"}
    history.apply({"type": "phase", "name": "baseline", "time": 2000.0})
    assert history.progress is None
    assert (history.phase, history.phase_since) == ("baseline", 2000.0)


def test_null_is_a_gap() -> None:
    series = tell(begun(), metrics(1, 2.0), metrics(2, None)).metrics["loss"]
    assert math.isnan(series.values[1])
    assert series.last == 2.0


def test_resuming_drops_what_the_broken_part_did_after_its_checkpoint() -> None:
    history = tell(
        started(),
        begun(),
        evaluated(0, eval_loss=3.0),
        *[metrics(step, 3 - step / 10) for step in range(1, 9)],
        evaluated(4, eval_loss=2.0),
        evaluated(8, eval_loss=1.0),
        {"type": "checkpoint", "step": 4, "path": "a"},
        {"type": "checkpoint", "step": 8, "path": "half written"},
        {"type": "warning", "code": "spike", "message": "m", "advice": "a"},
        {"type": "failed", "code": "oom", "message": "out of memory", "advice": "smaller batch", "traceback": ""},
        started(pid=2),
        begun(start=4),
        metrics(5, 9.0),
    )
    assert list(history.metrics["loss"].steps) == [1, 2, 3, 4, 5]
    assert history.metrics["loss"].values[-1] == 9.0
    assert list(history.evaluated["eval_loss"].steps) == [0, 4]
    assert [entry["step"] for entry in history.checkpoints] == [4]
    assert history.warnings == []
    assert history.failed is None
    assert history.step == 5


def test_a_baseline_measured_again_replaces_the_old_one() -> None:
    history = tell(evaluated(0, eval_loss=3.0), evaluated(4, eval_loss=2.0), started(), evaluated(0, eval_loss=3.1))
    assert list(history.evaluated["eval_loss"].values) == [3.1, 2.0]


def test_points_are_sorted_and_unique_whatever_the_order_of_the_lines() -> None:
    series = tell(*[metrics(step, float(step)) for step in (3, 1, 2, 3, 1)]).metrics["loss"]
    assert list(series.steps) == [1, 2, 3]
    assert list(series.values) == [1.0, 2.0, 3.0]
    assert all(len(part) == 3 for part in (series.epochs, series.times))


def test_appending_is_no_edit_and_changing_the_past_is() -> None:
    history = tell(metrics(1, 1.0), metrics(2, 1.0))
    series = history.metrics["loss"]
    assert series.edits == 0
    history.apply({**metrics(1, 5.0), "time": 1.0})
    series.cut(1)
    assert series.edits == 2
    series.cut(1)
    assert series.edits == 2


def test_speed_and_time_left_leave_out_the_slow_first_step() -> None:
    history = History()
    history.apply({**begun(planned=100), "time": 0.0})
    assert history.steps_per_second is None
    history.apply({**metrics(1, 1.0), "time": 30.0})
    history.apply({**metrics(11, 1.0), "time": 35.0})
    assert history.seconds_left == (100 - 11) / 2
    for step in range(12, 200):
        history.apply({**metrics(step, 1.0), "time": 35.0 + (step - 11) / 4})
    assert history.steps_per_second == 4
    assert history.seconds_left == 0


def test_unknown_types_are_ignored_and_unusable_fields_counted() -> None:
    history = tell(
        metrics(1, 1.0),
        {"type": "something of a later version", "step": "?"},
        {"type": "metrics", "step": "two", "values": {"loss": 1.0}},
        {"type": "metrics", "step": 2, "values": {"loss": "low"}},
        {"type": "metrics", "step": 2, "values": None},
        {"type": "metrics", "step": 2**80, "values": {"loss": 1.0}},
        {"no": "type"},
        {"type": ["list"]},
        {"type": "begun"},
    )
    assert list(history.metrics["loss"].steps) == [1]
    assert history.skipped == 7


def test_a_warning_without_a_step_belongs_to_the_present_one() -> None:
    history = tell(begun(), metrics(7, 1.0), {"type": "warning", "code": "nan", "message": "m", "advice": None})
    assert history.warnings == [{"step": 7, "code": "nan", "message": "m", "advice": ""}]


def test_any_prefix_of_a_run_is_a_state() -> None:
    events = [
        started(),
        begun(),
        *[metrics(step, 1.0) for step in range(5)],
        started(),
        begun(start=2),
        metrics(3, 0.5),
    ]
    for length in range(len(events) + 1):
        series = tell(*events[:length]).metrics.get("loss")
        assert series is None or all(first < second for first, second in pairwise(series.steps))
