"""What was found in the rows is said at the start, in the run file and in what is told of the run later."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine import run_folder
from engine.data import look
from engine.findings import findings, kept
from engine.guide import Facts, recommend
from engine.interpreter import interpreter
from engine.problem import Problem
from tests import facts as known
from tests.tiny import talks, write_rows
from tui.commands.describe import report, report_lines
from tui.commands.start import announce, begin
from tui.widgets.finding_rows import found_rows


def written(folder: Path, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the answers for rows that are written down here, and a model that is only described."""
    known.model(folder / "base", known.QWEN_HALF_B, chat=True)
    file = write_rows(folder / "rows.jsonl", rows)
    return {"goal": "sft", "model": {"id": str(folder / "base")}, "data": {"train": str(file)}}


def seen(answers: dict[str, Any]) -> Facts:
    model = known.look(answers["model"]["id"])
    return Facts(known.machine(), model, look(answers["data"]["train"]))


def test_a_column_that_is_not_used_is_named_wherever_a_run_is_told_of(tmp_path, capsys):
    rows = [{**row, "source": f"page {n}", "image": f"{n}.png"} for n, row in enumerate(talks(40))]
    answers = written(tmp_path, rows)
    found = begin(answers, tmp_path / "runs", interpreter(None))
    announce(found)
    said = capsys.readouterr()
    assert "note: not used: the column 'source'" in said.out
    assert "warning: pictures, sound or film in 'image' are not trained on: only text is learned" in said.err
    text = (found.folder / "run.yaml").read_text("utf-8")
    assert text.startswith("# pictures, sound or film in 'image'") and "\n# not used: the column 'source'\n" in text
    assert run_folder.load(found.folder) == found.plan.run
    assert [each.code for each in kept(found.folder)] == ["media_unused", "unused_column"]
    assert any(line.startswith("note: not used") for line in report_lines(found.folder))
    assert report(found.folder)["found"][1]["code"] == "unused_column"
    lines = list(found_rows({"found": ["a finding"]}, 80))
    assert [part.text for line in lines for part in line] == ["  the rows      ", "a finding"]


def test_a_folder_whose_findings_are_gone_or_spoiled_tells_of_none(tmp_path):
    assert kept(tmp_path) == ()
    for text in ("", "[1]", json.dumps({"code": 1}), "[{}]"):
        (tmp_path / "findings.json").write_text(text)
        assert kept(tmp_path) == ()


def test_an_unsure_guess_is_not_trained_on_unasked(tmp_path):
    rows = [{"left": f"The {n}. fox went over the hill", "right": f"A baker of age {n} lived there"} for n in range(40)]
    answers = written(tmp_path, rows)
    with pytest.raises(Problem) as refused:
        begin(answers, tmp_path / "runs", interpreter(None))
    assert refused.value.code == "unsure"
    assert "{prompt: left, completion: right}" in refused.value.what and "--yes" in (refused.value.advice or "")
    assert not (tmp_path / "runs").exists()
    guessed = begin(answers, tmp_path / "runs", interpreter(None), yes=True)
    assert "unsure" in [each.code for each in kept(guessed.folder)]
    answers["data"]["columns"] = {"prompt": "right", "completion": "left"}
    told = begin(answers, tmp_path / "runs", interpreter(None))
    assert "unsure" not in [each.code for each in kept(told.folder)]


def test_what_changes_nothing_and_what_is_left_out_anyhow_is_no_finding(tmp_path):
    rows = talks(40)
    answers = written(tmp_path, [*rows, rows[0]])
    facts = seen(answers)
    codes = [each.code for each in findings(recommend(answers, facts).run, facts)]
    assert codes == ["duplicate_row"] and "too_few_rows" in [each.code for each in facts.data.problems]
    answers["data"]["drop"] = ["duplicate_row"]
    assert findings(recommend(answers, facts).run, facts) == ()


@pytest.mark.parametrize("chat", [True, False])
def test_a_model_without_a_chat_template_is_named_at_the_start(chat, tmp_path, capsys):
    known.model(tmp_path / "base", known.QWEN_HALF_B, chat=chat)
    file = write_rows(tmp_path / "rows.jsonl", talks(40))
    answers = {"goal": "sft", "model": {"id": str(tmp_path / "base")}, "data": {"train": str(file)}}
    announce(begin(answers, tmp_path / "runs", interpreter(None)))
    assert ("the model has no chat template" in capsys.readouterr().out) != chat
