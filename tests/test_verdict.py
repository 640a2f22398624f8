"""The verdict is honest: a small change on a small test decides nothing, on the screen and in the commands."""

from pathlib import Path

import pytest

from tui.commands.words import outcome_lines
from tui.widgets.loading import how_to_load
from tui.widgets.outcome import beaten, chance, metrics, page, verdict


def results(after, rows):
    metric = {"name": "eval_loss", "baseline": 7.649, "tuned": after, "higher_is_better": False}
    return {"metrics": [metric], "test_rows": rows, "model_folder": "m", "samples": [], "goal": "sft"}


@pytest.mark.parametrize(
    ("after", "rows", "said"),
    [
        (7.625, 8, "no clear change on so few test rows"),
        (7.625, 800, "better than the base model"),
        (3.0, 8, "better than the base model"),
        (9.0, 8, "worse than the base model"),
        (7.649, 8, "no checkpoint beats the base model"),
    ],
)
def test_the_verdict(after, rows, said):
    told = results(after, rows)
    assert said in verdict(metrics(told), chance(told), lost=beaten(told)).text
    lines = list(outcome_lines(told, "lora"))
    assert said in lines[0]
    assert ("Only 8 test rows" in lines[1]) == (rows == 8)


def measured(tuned=None, shots=0):
    """The results of a run that trained nothing."""
    metric = {"name": "accuracy", "baseline": 0.25, "tuned": tuned, "higher_is_better": True}
    sample = {"prompt": "a text", "base": "arts (wrong: sports)", "tuned": None if tuned is None else "sports (right)"}
    return {"goal": "baseline", "metrics": [metric], "test_rows": 400, "train_rows": shots, "samples": [sample]}


def shown(told):
    return ["".join(part.text for part in row) for row in page(told, "none", 100)]


def test_a_measurement_is_not_called_a_training():
    rows = shown(measured())
    assert rows[0].split() == ["on", "400", "rows", "never", "trained", "on", "alone", "helped", "change"]
    assert rows[1].split() == ["accuracy", "0.2500", "not", "trained"]
    assert "    alone   arts (wrong: sports)" in rows
    assert not any("learned from" in row or "(nothing)" in row or row.startswith("    helped") for row in rows)
    assert verdict(metrics(measured())).text == "measured, not trained "
    lines = list(outcome_lines(measured(), "none"))
    assert lines[0] == "measured, not trained"
    assert lines[2].split() == ["accuracy", "0.2500", "not", "trained", "–"]
    assert "  alone   arts (wrong: sports)" in lines
    assert not any(line.startswith("  helped") for line in lines)


def test_a_measurement_with_examples_says_what_they_change():
    rows = shown(measured(0.5, shots=3))
    assert rows[1].split() == ["accuracy", "0.2500", "0.5000", "+100.0", "%", "better"]
    assert "    helped  sports (right)" in rows
    assert any(row.split()[:5] == ["helped", "by", "3", "solved", "examples,"] for row in rows)
    assert "  helped  sports (right)" in list(outcome_lines(measured(0.5, shots=3), "none"))


def test_a_training_that_ended_in_no_number_is_no_measurement():
    assert metrics({**measured(), "goal": "classify"}) == []


@pytest.mark.parametrize(
    ("goal", "method", "said"),
    [
        ("classify", "lora", "from_pretrained('/m', id2label=names)"),
        ("classify", "full", "AutoModelForSequenceClassification.from_pretrained('/m')"),
        ("classify", "head", "SentenceTransformer('/m')"),
        ("reward", "lora", "from_pretrained('/m', num_labels=1)"),
        ("sft", "lora", "AutoPeftModelForCausalLM.from_pretrained('/m')"),
    ],
)
def test_how_a_model_is_loaded(goal, method, said):
    lines = how_to_load(goal, method, Path("/m"))
    assert any(said in line for line in lines)
    assert any("classes.json" in line for line in lines) == ((goal, method) == ("classify", "lora"))
