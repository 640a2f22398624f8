"""What can't be estimated is refused in one sentence; what can is estimated from a config alone, in the order asked."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.cards import named_card
from engine.machine import imagine
from engine.problem import Problem
from tests.commands import values
from tests.facts import LLAMA_7B, T4, machine
from tui.commands.facts import estimated, way_out

NO_DEPTH = {name: value for name, value in LLAMA_7B.items() if name not in ("num_hidden_layers", "vocab_size")}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with configs alone, no weights, no data, and no network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name, config in (("llama", LLAMA_7B), ("bare", NO_DEPTH), ("less", {**LLAMA_7B, "hidden_size": -8})):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps(config))
    return tmp_path


def described(folder: Path, name: str = "run", model: str = "llama", **training: Any) -> str:
    run = {
        "goal": "sft", "model": {"id": model}, "data": {"train": "not_there.jsonl"}, "method": {"kind": "lora"},
        "training": {"batch": 1, "max_length": 512, **training},
    }  # fmt: skip
    (folder / f"{name}.yaml").write_text(json.dumps(run))
    return f"{name}.yaml"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": "bare"}, "does not say num_hidden_layers and vocab_size; complete it"),
        ({"model": "less"}, "does not say hidden_size; complete it"),
        ({"model": "someone/never-heard-of"}, "this machine is offline (HF_HUB_OFFLINE); give a folder"),
        ({"model": "./nowhere"}, "nowhere', and it is no hub id; did you mean"),
        ({"batch": -2}, "'training.batch': input should be greater than or equal to 1 (it is -2)"),
        ({"max_length": 0}, "'training.max_length': input should be greater than or equal to"),
        ({"loss_kernel": "chunky"}, "'training.loss_kernel'"),
        ({"optimizer": "adamm"}, "'training.optimizer'"),
    ],
)
def test_what_can_not_be_estimated_is_refused_in_one_sentence(desk: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(Problem) as refused:
        estimated(Path(described(desk, **change)), [], machine(T4))
    assert said in refused.value.sentence and "\n" not in refused.value.sentence


def test_a_card_that_is_not_in_the_table_is_answered_with_the_nearest_names() -> None:
    with pytest.raises(Problem, match=r"'RTX 4900'; did you mean 'RTX 4090' or 'RTX 4080' or '\S+ \d+'\? .*--vram 24"):
        named_card("RTX 4900")
    with pytest.raises(Problem, match=r"known are T4, .* and more; or say --vram 24"):
        named_card("abacus")
    for size in (-3.0, 0.0, float("nan")):
        with pytest.raises(Problem, match="no size of a card"):
            imagine(machine(T4), None, size)


def test_a_config_and_a_length_are_enough_and_what_is_missing_is_said(desk: Path) -> None:
    spent, unseen = estimated(Path(described(desk)), [], machine(T4))
    assert [problem.sentence.split(": ")[-1].startswith("there is no such file") for problem in unseen] == [True]
    longer, _ = estimated(Path(described(desk, max_length=2048)), [], machine(T4))
    assert 12 < spent.peak_gib < longer.peak_gib


def test_several_files_make_a_list_in_the_order_of_the_arguments(desk: Path) -> None:
    names = [
        described(desk, name, max_length=length, gradient_checkpointing=True)
        for name, length in (("b", 4096), ("a", 256), ("c", 2048))
    ]
    found = values("estimate", *names, "--gpu", "RTX 4090", cwd=desk)
    assert [Path(each["file"]).name for each in found] == ["b.yaml", "a.yaml", "c.yaml"]
    peaks = [each["peak_gib"] for each in found]
    assert peaks[1] < peaks[2] < peaks[0] and all(
        each["low_gib"] < each["peak_gib"] < each["high_gib"] for each in found
    )


def test_a_run_that_does_not_fit_says_what_is_missing_and_what_would_fit(desk: Path) -> None:
    file = Path(described(desk, batch=64, gradient_checkpointing=False, max_length=1024))
    said = way_out(file, [], machine(T4))
    assert " GiB short: it fits with batch " in said and "up to " in said
    full = way_out(file, ["method.kind=full", "training.batch=1", "training.gradient_checkpointing=true"], machine(T4))
    assert "no change makes it fit; " in full and full.endswith("is the smallest card that would")
