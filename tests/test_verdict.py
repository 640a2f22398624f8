"""The verdict is honest: a small change on a small test decides nothing, on the screen and in the commands."""

import pytest

from tui.commands.words import outcome_lines
from tui.widgets.outcome import chance, metrics, verdict


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
        (7.649, 8, "no better than the base model"),
    ],
)
def test_the_verdict(after, rows, said):
    told = results(after, rows)
    assert said in verdict(metrics(told), chance(told)).text
    lines = list(outcome_lines(told, "lora"))
    assert said in lines[0]
    assert ("Only 8 test rows" in lines[1]) == (rows == 8)
