"""What others put into a trainer's logs, beside the numbers: none of it costs a number, on its way in or out."""

import json
import math
import warnings
from array import array
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch

from engine.event import Journal, numbers
from engine.follow import Follower
from engine.history import History
from engine.worker.reporter import Reporter
from engine.worker.stopping import Stop

hypothesis = pytest.importorskip("hypothesis")
strategies = hypothesis.strategies


class Sulking:
    """A thing that promises to be a number."""

    def __float__(self) -> float:
        raise RuntimeError("not today")


class Shapeless:
    """A thing whose shape is no shape."""

    shape = "wide"

    def __float__(self) -> float:
        return 1.0


ODD: list[Any] = [
    "text", "", "1.5", b"1", [1.0, 2.0], [], (), {"a": 1}, {}, {1, 2}, None, True, False, 1j, object(), object, len,
    torch.ones(3), torch.ones(0), torch.tensor(True), numpy.ones((2, 2)), numpy.array([]), numpy.array("x"),
    numpy.bool_(True), numpy.datetime64("now"), Sulking(), Shapeless(), Path(), array("d", [1.0]), 1 + 0j,
]  # fmt: skip
SINGLE: list[tuple[Any, float]] = [
    (1, 1.0), (-0.5, -0.5), (2**60, 2.0**60), (10**400, math.nan), (math.nan, math.nan), (math.inf, math.inf),
    (torch.tensor(1.5), 1.5), (torch.tensor([2.0]), 2.0), (torch.tensor(3), 3.0),
    (torch.tensor(0.5, dtype=torch.bfloat16, requires_grad=True), 0.5), (numpy.float32(0.25), 0.25),
    (numpy.int64(7), 7.0), (numpy.array([4.0]), 4.0), (numpy.array(5), 5.0),
]  # fmt: skip


def test_every_number_is_kept_and_nothing_else() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept = numbers({**{f"odd {at}": value for at, value in enumerate(ODD)}, 7: 1.0})
        found = numbers({str(at): value for at, (value, _) in enumerate(SINGLE)})
    assert kept == {"7": 1.0}
    assert list(found) == [str(at) for at in range(len(SINGLE))]
    for value, (_, wanted) in zip(found.values(), SINGLE, strict=True):
        assert type(value) in (int, float)
        assert value == wanted or (math.isnan(value) and math.isnan(wanted))


names = strategies.one_of(strategies.text(max_size=6), strategies.integers(), strategies.none(), strategies.booleans())
values = strategies.one_of(
    strategies.sampled_from(ODD),
    strategies.sampled_from([value for value, _ in SINGLE]),
    strategies.floats(),
    strategies.integers(-(10**400), 10**400),
    strategies.recursive(
        strategies.none() | strategies.text(max_size=3) | strategies.floats(),
        lambda inner: strategies.lists(inner, max_size=2) | strategies.dictionaries(names, inner, max_size=2),
        max_leaves=4,
    ),
)
CALM = hypothesis.settings(max_examples=150, deadline=None, database=None, derandomize=True)


class State:
    """What a trainer says of itself."""

    epoch = 0.5
    global_step = 0


@CALM
@hypothesis.given(told=strategies.lists(strategies.dictionaries(names, values, max_size=4), min_size=1, max_size=4))
def test_the_curve_is_whole_whatever_stands_beside_it(told: list[dict[Any, Any]], tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("run")
    reporter = Reporter(Journal(folder / "events.jsonl"), Stop(folder / "control"))
    reporter.begun = reporter.stop.training = True
    state: Any = State()
    control: Any = State()
    control.should_save = False
    for step, beside in enumerate(told, 1):
        state.global_step = step
        reporter.on_log(None, state, control, logs={**beside, "loss": float(step), "grad_norm": 0.5})  # type: ignore[arg-type]
        reporter.on_evaluate(None, state, control, metrics={**beside, "eval_loss": float(step), "eval_f1": 0.25})  # type: ignore[arg-type]
    follower = Follower(folder)
    follower.read()
    known = follower.history
    assert known.skipped == 0
    for curves, shown in ((known.metrics, "loss"), (known.metrics, "grad_norm"), (known.evaluated, "eval_loss")):
        assert list(curves[shown].steps) == list(range(1, len(told) + 1))
    assert known.metrics["loss"].last == known.evaluated["eval_loss"].last == len(told)
    assert set(known.evaluated["f1"].values) == {0.25}


strict = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.text(max_size=3)
    | strategies.floats()
    | strategies.integers(),
    lambda inner: strategies.lists(inner, max_size=3) | strategies.dictionaries(strategies.text(), inner, max_size=3),
    max_leaves=5,
)


@CALM
@hypothesis.given(beside=strategies.lists(strategies.dictionaries(strategies.text(), strict), min_size=2, max_size=5))
def test_a_reader_takes_every_number_of_a_line(beside: list[dict[str, Any]], tmp_path_factory: Any) -> None:
    """Lines as others may write them, with NaN and whole numbers of any length, read together and one by one."""
    folder = tmp_path_factory.mktemp("run")
    events = [
        {"type": "metrics", "step": step, "time": float(step), "epoch": None, "values": {**odd, "loss": float(step)}}
        for step, odd in enumerate(beside, 1)
    ]
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    follower, alone = Follower(folder), History()
    follower.read()
    for event in events:
        alone.apply(event)
    for known in (follower.history, alone):
        assert list(known.metrics["loss"].values) == [float(step) for step in range(1, len(events) + 1)]
        assert known.skipped == 0
        assert not any(math.isinf(value) for series in known.metrics.values() for value in series.values)


@pytest.mark.parametrize("wrong", [[], [1.0], "loss", 1.0, None, True, {"loss": "low"}, {"loss": [1.0]}])
def test_values_of_a_wrong_shape_cost_their_own_line_alone(wrong: Any, tmp_path: Path) -> None:
    good = [{"type": "metrics", "step": step, "time": 1.0, "values": {"loss": 1.0}} for step in (1, 2, 3)]
    lines = [*good[:2], {"type": "metrics", "step": 2, "time": 1.0, "values": wrong}, good[2]]
    (tmp_path / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    follower = Follower(tmp_path)
    follower.read()
    assert list(follower.history.metrics["loss"].steps) == [1, 2, 3]
