"""What is written into a foreign folder goes nowhere else, and what holds rows is its user's alone."""

import json
import multiprocessing
import os
import sys
import types
from pathlib import Path

import pytest

from engine import command, control, document, remarks, run, run_folder
from engine.event import Journal
from engine.problem import Problem
from engine.worker import data_cache
from engine.worker.worker import take_lock
from tests import facts, training
from tests.tui.journals import RunFolder


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    (tmp_path / "precious").write_text("years of work")
    return tmp_path / "precious"


@pytest.fixture
def going(tmp_path: Path) -> Path:
    return RunFolder(tmp_path / "runs", "foreign").start().begin().train(1, 5).path


def unhurt(precious: Path) -> bool:
    return precious.read_text() == "years of work" and precious.stat().st_size == 13


@pytest.mark.parametrize("name", ["note.txt", "note.txt.new", ".note.txt"])
def test_a_note_replaces_a_link_and_follows_none(going, precious, name):
    (going / name).symlink_to(precious)
    remarks.write_note(going, "kept #gold")
    assert remarks.note(going) == "kept #gold" and unhurt(precious)
    assert not (going / "note.txt").is_symlink() and (going / "note.txt").stat().st_mode & 0o777 == 0o600
    remarks.write_note(going, "")
    assert unhurt(precious)


@pytest.mark.parametrize("name", ["save", ".save", "evaluate", "stop", "plan"])
def test_a_request_replaces_a_link_and_follows_none(going, precious, name):
    (going / "control" / name).symlink_to(precious)
    assert "saves" in control.ask(going, "save")
    assert unhurt(precious) and (going / "control" / "save").is_file() and not (going / "control" / "save").is_symlink()


def test_a_folder_of_requests_that_is_a_link_takes_none(going, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (going / "control").rmdir()
    (going / "control").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Problem, match="the request can't be written"):
        control.ask(going, "save")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_note_in_a_folder_that_is_gone_or_not_ones_own_is_one_sentence(tmp_path):
    with pytest.raises(Problem, match="the note can't be written"):
        remarks.write_note(tmp_path / "gone", "x")


@pytest.mark.parametrize("name", ["log.txt", "worker.lock", "events.jsonl"])
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_worker_opens_no_link_and_no_pipe(tmp_path, precious, name, kind):
    """A resume in a foreign folder would append to, or empty, any file of this user."""
    folder = RunFolder(tmp_path / "runs", "foreign").path
    (folder / name).unlink(missing_ok=True)
    if kind == "link":
        (folder / name).symlink_to(precious)
    else:
        os.mkfifo(folder / name)
    act = {
        "log.txt": lambda: run.launch(folder),
        "worker.lock": lambda: take_lock(folder),
        "events.jsonl": lambda: Journal(folder / "events.jsonl"),
    }[name]
    with pytest.raises((Problem, OSError), match=r"is a link|no regular file|can't be started"):
        act()
    assert unhurt(precious)


def test_a_second_worker_does_not_empty_the_lock_of_the_first(tmp_path):
    first = take_lock(tmp_path)
    assert first is not None and take_lock(tmp_path) is None
    first.close()


def modes(folder: Path) -> set[int]:
    return {path.stat().st_mode & 0o077 for path in [folder, *folder.rglob("*")]}


def test_all_that_is_created_is_its_users_alone_and_the_umask_is_as_before(tmp_path):
    model = facts.model(tmp_path / "base", facts.QWEN_HALF_B).folder
    before = os.umask(0o022)
    try:
        described = document.check(training.values("sft", "lora", model, tmp_path))
        for folder in (run_folder.create(described, tmp_path / "runs"), command.create(["true"], tmp_path / "runs")):
            assert modes(folder) == {0}
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


def test_a_watched_command_keeps_its_own_umask_and_its_log_is_private(tmp_path):
    script = "import os; print(oct(os.umask(0))); open('made', 'w').close()"
    folder = command.create([sys.executable, "-c", script], tmp_path / "runs", cwd=tmp_path)
    before = os.umask(0o027)
    try:
        command.launch(folder)
    finally:
        os.umask(before)
    training.wait(folder)
    assert (folder / "log.txt").read_text().strip() == "0o27"
    assert modes(folder) == {0}


def test_rows_are_kept_in_the_runs_folder_and_go_with_its_end(tmp_path, monkeypatch):
    monkeypatch.delenv(data_cache.VARIABLE, raising=False)
    library = types.SimpleNamespace(config=types.SimpleNamespace(HF_DATASETS_CACHE="shared"))
    monkeypatch.setitem(sys.modules, "datasets", library)
    data_cache.use(tmp_path)
    place = Path(os.environ[data_cache.VARIABLE])
    assert place.is_relative_to(tmp_path) and place == library.config.HF_DATASETS_CACHE
    place.mkdir(parents=True)
    (place / "rows.arrow").write_text("private")
    data_cache.forget(tmp_path)
    assert not place.exists()
    monkeypatch.delenv(data_cache.VARIABLE)


def test_a_cache_that_the_user_names_is_used_and_left_alone(tmp_path, monkeypatch):
    monkeypatch.setenv(data_cache.VARIABLE, str(tmp_path / "own"))
    data_cache.use(tmp_path / "run")
    assert os.environ[data_cache.VARIABLE] == str(tmp_path / "own")


def _make(kind: str, root: str, described: str) -> str:
    if kind == "command":
        return command.create(["true"], Path(root)).name
    return run_folder.create(document.check(json.loads(described)), Path(root)).name


def test_twenty_runs_and_ten_commands_begun_at_once_are_all_there(tmp_path):
    model = facts.model(tmp_path / "base", facts.QWEN_HALF_B).folder
    described = json.dumps(training.values("sft", "lora", model, tmp_path))
    jobs = [("run", str(tmp_path / "runs"), described)] * 20 + [("command", str(tmp_path / "runs"), "")] * 10
    with multiprocessing.get_context("fork").Pool(10) as pool:
        names = pool.starmap(_make, jobs, chunksize=1)
    assert len(set(names)) == 30
    folders = run_folder.folders(tmp_path / "runs")
    assert {folder.name for folder in folders} == set(names)
    assert len({run_folder.run_id(folder) for folder in folders}) == 30
    assert sum(map(run_folder.is_command, folders)) == 10
    for folder in folders:
        if not run_folder.is_command(folder):
            assert run_folder.load(folder).goal == "sft" and not run_folder.is_edited(folder)


def test_a_run_that_can_not_be_filled_leaves_nothing(tmp_path):
    with pytest.raises(ArithmeticError), run_folder.new_folder(tmp_path, "broken"):
        raise ArithmeticError
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(Problem, match="the run can't be written"), run_folder.new_folder(tmp_path / "file", "x"):
        pass
