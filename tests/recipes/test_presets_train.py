"""Every preset trains: two real steps with the model swapped for a tiny one, on the CPU that is here."""

import pytest

from engine import data, model
from engine.guide import Facts, recommend
from engine.machine import look
from engine.preset import presets
from tests.forge import forge
from tests.tiny import pairs, talks, write_rows

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.name)
def test_a_preset_trains_two_steps(preset, llama, bert, tmp_path):
    embed = preset.values["goal"] == "embed"
    folder, rows = (bert, pairs()) if embed else (llama, talks())
    path = write_rows(tmp_path / "rows.jsonl", rows)
    answers = {
        **preset.values,
        "model": {"id": str(folder)},
        "data": {"train": str(path)},
        "launch": {"device": "cpu"},
        "training": {
            **preset.values.get("training", {}),
            "max_steps": 2,
            "batch": 8,
            "accumulate": 2,
            "optimizer": "adamw",
        },
    }
    if embed:
        answers["objective"] = {"matryoshka": [64, 32]}
    machine = look(tmp_path)
    plan = recommend(answers, Facts(machine, model.look(str(folder)), data.look(str(path))))
    _, known = forge(plan.run.model_dump(mode="json"), tmp_path / "runs")
    assert known.step == 2
    assert known.finished["results"]["trainable"] > 0
    assert plan.run.method.kind == preset.values["method"]["kind"]
