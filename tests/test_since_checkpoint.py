"""Resuming looks at what has changed since the newest checkpoint: rows and settings, with real files."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from engine.own_runs import remember
from engine.problem import Problem
from engine.since_checkpoint import changes, check_unchanged
from tests.commands import complaint
from tests.tui.journals import RunFolder, answer, wait_until
from tui.app import Tunewright
from tui.screens.ask import Sure

SCRIPT = 'BATCH: int = 4  # rows\nTRAIN: str = "{train}"\nTARGETS: tuple[str, ...] = ("q", "v")\n'


@pytest.fixture
def stopped(tmp_path: Path) -> RunFolder:
    """A run that stopped at its checkpoint, with a folder of rows."""
    run = RunFolder(tmp_path / "runs", "stopped").start(pid=2**22 + 1)
    rows = tmp_path / "rows"
    rows.mkdir()
    (rows / "a.jsonl").write_text('{"text": "one"}\n')
    script = SCRIPT.format(train=rows)
    (run.path / "train.py").write_text(script)
    stat = (rows / "a.jsonl").stat()
    data = {
        "size": stat.st_size,
        "mtime_ns": stat.st_mtime_ns,
        "sha256": hashlib.sha256((rows / "a.jsonl").read_bytes()).hexdigest(),
    }
    made_from = {
        "script": hashlib.sha256(script.encode()).hexdigest(),
        "settings": {"BATCH": 4, "TRAIN": str(rows), "TARGETS": ["q", "v"]},
        "data": {str(rows / "a.jsonl"): data},
    }
    for step in (4, 12):
        checkpoint = run.path / "output" / f"checkpoint-{step}"
        checkpoint.mkdir()
        known = made_from if step == 12 else {**made_from, "script": "older"}
        (checkpoint / "manifest.json").write_text(json.dumps({"files": {}, "made_from": known}))
    run.say("finished", 9, status="stopped", results=None)
    return run


def edit(run: RunFolder) -> None:
    script = run.path / "train.py"
    script.write_text(script.read_text().replace("BATCH: int = 4", "BATCH: int = 8"))


def test_nothing_has_changed_wherever_the_folder_lies(stopped, tmp_path):
    assert changes(stopped.path) == []
    assert changes(stopped.path.rename(tmp_path / "moved")) == []
    rows = tmp_path / "rows" / "a.jsonl"
    os.utime(rows, (0, 0))
    assert changes(tmp_path / "moved") == []


def test_settings_that_differ_are_named_with_both_values(stopped):
    edit(stopped)
    assert changes(stopped.path) == ["train.py was edited (BATCH 4 -> 8)"]
    script = stopped.path / "train.py"
    script.write_text(script.read_text().replace("BATCH: int = 8", "BATCH: int = 4") + "print()\n")
    assert changes(stopped.path) == ["train.py was edited (not in its settings)"]
    script.write_text("def (")
    assert "BATCH 4 -> not set" in changes(stopped.path)[0]


def test_rows_that_were_added_exchanged_or_taken_away_are_named(stopped, tmp_path):
    rows = tmp_path / "rows" / "a.jsonl"
    rows.write_text('{"text": "two"}\n')
    assert changes(stopped.path) == [f"{rows} has other rows in as many bytes"]
    rows.write_text('{"text": "one"}\n{"text": "two"}\n')
    assert changes(stopped.path) == [f"{rows} has 32 bytes and had 16"]
    (tmp_path / "rows" / "b.jsonl").write_text("{}\n")
    assert changes(stopped.path)[1:] == [f"{tmp_path / 'rows' / 'b.jsonl'} is new"]
    rows.unlink()
    assert changes(stopped.path)[0] == f"{rows} is gone"


@pytest.mark.parametrize("text", ["", "[]", '{"made_from": 3}', '{"made_from": {"settings": [], "data": {"a": 1}}}'])
def test_a_manifest_that_says_nothing_is_passed_over(text, stopped):
    (stopped.path / "output" / "checkpoint-12" / "manifest.json").write_text(text)
    assert changes(stopped.path) == ["train.py was edited (not in its settings)"]


def test_a_run_without_a_checkpoint_has_nothing_to_compare(tmp_path):
    check_unchanged(RunFolder(tmp_path, "new").path)


def test_the_problem_names_what_changed_and_the_way_on(stopped):
    edit(stopped)
    with pytest.raises(Problem, match="BATCH 4 -> 8") as told:
        check_unchanged(stopped.path)
    assert told.value.code == "changed"
    assert "--force" in told.value.advice


def test_the_command_line_stops_with_a_sentence(stopped, tmp_path):
    edit(stopped)
    said = complaint("resume", "stopped", cwd=tmp_path, status=1)
    assert "stopped: changed since its newest checkpoint was saved: train.py was edited (BATCH 4 -> 8)" in said
    assert "--force" in said


async def test_the_screen_asks_and_goes_on_with_yes(stopped, tmp_path, monkeypatch):
    edit(stopped)
    script = (stopped.path / "train.py").read_text()
    remember(stopped.path, script, script)
    worker = tmp_path / "worker"
    worker.write_text('#!/bin/sh\necho "resumed with $3" >> log.txt\n')
    worker.chmod(0o700)
    monkeypatch.setenv("TUNEWRIGHT_PYTHON", str(worker))
    log = stopped.path / "log.txt"
    async with Tunewright(stopped.path.parent, watch=stopped.path).run_test(size=(120, 40)) as pilot:
        await wait_until(pilot, lambda: getattr(pilot.app.screen, "state", "") == "stopped")
        for key in ("n", "y"):
            await pilot.press("r")
            await wait_until(pilot, lambda: isinstance(pilot.app.screen, Sure))
            assert "BATCH 4 -> 8" in str(pilot.app.screen.text)
            assert "resumed" not in log.read_text()
            await answer(pilot, key)
            await wait_until(pilot, lambda: not isinstance(pilot.app.screen, Sure))
        await wait_until(pilot, lambda: "resumed with" in log.read_text())
