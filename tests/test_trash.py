"""Deleting runs: what is refused, and that what goes to the trash comes back byte for byte."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from engine import listing, run_folder, trash
from engine.problem import Problem
from tests.commands import complaint
from tests.tui.journals import RunFolder
from tui.commands.program import program
from tui.screens.ask import Sure
from tui.screens.home import HomeScreen


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for name in ("first", "second"):
        RunFolder(tmp_path / "runs", name).start(at=-9000).begin(at=-8000).train(1, 5).complete(9060)
    return tmp_path / "runs"


def contents(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Mode, time and hash of everything below a folder, by its path."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            path.lstat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize(
    "name", ["", " ", ".", "..", "./", "../", "/", "runs/..", "first/..", "\0", "a" * 5000, "\udc80"]
)
def test_a_name_that_names_no_run_is_refused(runs, name, monkeypatch):
    """`tunewright delete "$RUN"` with an unset variable, and everything that means a folder above the runs."""
    (runs.parent / "run.yaml").write_text("goal: sft\n")
    (runs / "run.yaml").write_text("goal: sft\n")
    monkeypatch.chdir(runs.parent)
    with pytest.raises(Problem, match=r"names no run|there is no run"):
        run_folder.find(runs, name)


def test_an_empty_name_deletes_nothing_from_the_command_line(runs):
    (runs.parent / "run.yaml").write_text("goal: sft\n")
    before = contents(runs.parent)
    for command in ("delete", "stop", "restore"):
        assert "run" in complaint(command, "", *(["--yes"] if command == "delete" else []), cwd=runs.parent, status=1)
    assert contents(runs.parent) == before


def test_a_project_with_a_run_file_is_not_deleted(tmp_path, runs):
    project = tmp_path / "project"
    project.mkdir()
    (project / "run.yaml").write_text("goal: sft\n")
    with pytest.raises(Problem, match="does not lie in the folder of runs"):
        trash.delete(runs, project)
    project.rename(runs / "project")
    with pytest.raises(Problem, match=r"carries no mark of tunewright.*rm -r"):
        trash.delete(runs, runs / "project")
    assert (runs / "project" / "run.yaml").is_file()


def test_a_marked_folder_is_deleted_only_directly_below_the_runs(tmp_path, runs):
    (runs / "first").rename(tmp_path / "elsewhere")
    (runs / "second" / "output" / "inner").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").rename(runs / "second" / "output" / "deep")
    for folder in (runs / "second" / "output" / "deep", runs / "second" / "output"):
        with pytest.raises(Problem):
            trash.delete(runs, folder)
    assert (runs / "second" / "output" / "deep" / "events.jsonl").is_file()


def test_a_link_among_the_runs_is_not_deleted(tmp_path, runs):
    (runs / "second").rename(tmp_path / "precious")
    (runs / "second").symlink_to(tmp_path / "precious")
    with pytest.raises(Problem, match="a link to a run elsewhere"):
        trash.delete(runs, runs / "second")
    assert (tmp_path / "precious" / "events.jsonl").is_file() and (runs / "second").is_symlink()


@pytest.mark.parametrize(
    "mark",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"format": 1}',
        '{"format": 1, "id": "short"}',
        '{"format": 1, "id": 7}',
        f'{{"format": 99, "id": "{"0" * 32}"}}',
        f'{{"format": true, "id": "{"../" * 11}"}}',
        f'{{"format": [], "id": "{"0" * 32}"}}',
        "[" * 1000,
        " " * 5000 + f'{{"format": 1, "id": "{"0" * 32}"}}',
    ],
    ids=range(12),
)
def test_a_forged_or_broken_mark_is_none(runs, mark):
    (runs / "first" / run_folder.MARK).write_text(mark)
    with pytest.raises(Problem, match="carries no mark"):
        trash.delete(runs, runs / "first")


def test_a_mark_that_is_a_link_or_a_pipe_is_none(runs):
    for folder in (runs / "first", runs / "second"):
        (folder / run_folder.MARK).rename(runs.parent / "mark")
        if folder.name == "first":
            (folder / run_folder.MARK).symlink_to(runs.parent / "mark")
        else:
            os.mkfifo(folder / run_folder.MARK)
        with pytest.raises(Problem, match="carries no mark"):
            trash.delete(runs, folder)


def test_a_trash_that_is_a_link_takes_nothing(tmp_path, runs):
    (tmp_path / "public").mkdir()
    (runs / ".trash").symlink_to(tmp_path / "public")
    with pytest.raises(Problem, match="the trash is a link"):
        trash.delete(runs, runs / "first")
    assert (runs / "first").is_dir() and not list((tmp_path / "public").iterdir())
    (tmp_path / "public" / "first").mkdir()
    assert trash.listing(runs) == [] and trash.empty(runs) == 0
    assert (tmp_path / "public" / "first").is_dir()


def test_what_others_put_into_the_trash_stays(tmp_path, runs):
    trash.delete(runs, runs / "first")
    (runs / ".trash" / "mine").mkdir()
    (runs / ".trash" / "mine" / "run.yaml").write_text("goal: sft\n")
    (runs / ".trash" / "link").symlink_to(runs / "second")
    assert [deleted.name for deleted in trash.listing(runs)] == ["first"]
    assert trash.empty(runs) > 0
    assert (runs / ".trash" / "mine" / "run.yaml").is_file() and (runs / "second" / "run.yaml").is_file()


def test_a_deleted_run_is_listed_nowhere_and_comes_back_byte_for_byte(runs):
    (runs / "first" / "output" / "model").mkdir()
    (runs / "first" / "output" / "model" / "weights").write_bytes(os.urandom(5000))
    before = contents(runs / "first")
    gone = trash.delete(runs, runs / "first")
    assert gone == runs / ".trash" / "first" and gone.parent.stat().st_mode & 0o777 == 0o700
    assert contents(gone) == before
    assert [line.name for line in listing.listing(runs)] == ["second"]
    with pytest.raises(Problem, match=r"in the trash.*tunewright restore first"):
        run_folder.find(runs, "first")
    with pytest.raises(Problem, match="in the trash"):
        run_folder.find(runs, str(gone))
    (deleted,) = trash.listing(runs)
    assert (deleted.name, deleted.bytes) == ("first", trash.size(gone))
    assert trash.restore(runs, "first") == runs / "first"
    assert contents(runs / "first") == before and trash.number(runs) == 0


def test_names_that_are_taken_get_a_number_in_both_directions(runs):
    def mark(folder: Path) -> str | None:
        return run_folder.run_id(folder)

    first, second = mark(runs / "first"), mark(runs / "second")
    trash.delete(runs, runs / "first")
    (runs / "second").rename(runs / "first")
    assert trash.delete(runs, runs / "first").name == "first-2"
    (runs / "first").mkdir()  # somebody's own, and empty: a rename alone would replace it
    assert trash.restore(runs, "first").name == "first-2"
    assert trash.restore(runs, "first-2").name == "first-2-2"
    assert (mark(runs / "first-2"), mark(runs / "first-2-2")) == (first, second)
    assert list((runs / "first").iterdir()) == []


@pytest.mark.parametrize("name", ["", ".", "..", "../second", "first/../../second", ".emptying-x", "gone"])
def test_nothing_but_a_deleted_run_is_restored_or_removed_for_good(runs, name):
    trash.delete(runs, runs / "first")
    for act in (lambda: trash.restore(runs, name), lambda: trash.empty(runs, [name])):
        with pytest.raises(Problem, match="in the trash"):
            act()
    assert trash.number(runs) == 1 and (runs / "second" / "run.yaml").is_file()


def test_a_run_that_goes_on_is_not_deleted(runs):
    RunFolder(runs, "going").start().begin()
    with pytest.raises(Problem, match="stop it first"):
        trash.delete(runs, runs / "going")


def test_emptying_follows_no_link_and_takes_up_what_was_broken_off(tmp_path, runs):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis").write_text("years")
    (runs / "first" / "output" / "model").symlink_to(tmp_path / "precious")
    trash.delete(runs, runs / "first").rename(runs / ".trash" / ".emptying-before")
    trash.delete(runs, runs / "second")
    assert trash.empty(runs) > 0
    assert list((runs / ".trash").iterdir()) == []
    assert (tmp_path / "precious" / "thesis").read_text() == "years"


def test_the_commands_say_what_is_free_and_when(runs, capsys):
    def command(*words: str) -> str:
        program([*words, "--runs", str(runs)], standalone_mode=False)
        return capsys.readouterr().out

    said = command("delete", "first", "--yes")
    assert "get it back with: tunewright restore first" in said and "are free once that is emptied" in said
    assert "in the trash: 1 deleted run" in command("runs")
    (listed,) = json.loads(command("trash", "--json"))
    assert listed["name"] == "first" and listed["bytes"] > 0
    with pytest.raises(Problem, match="add --yes to empty the trash"):
        command("trash", "--empty")
    assert "first" in capsys.readouterr().out
    assert "first is back" in command("restore", "first")
    command("delete", "second", "--yes")
    assert "KiB are free again" in command("trash", "--empty", "--yes")
    assert [line["name"] for line in json.loads(command("runs", "--json"))] == ["first"]
    assert "the trash is empty" in command("trash")


def test_a_created_run_and_a_watched_command_carry_marks_of_their_own(tmp_path):
    from engine import command

    made = [command.create(["true"], tmp_path) for _ in range(3)]
    ids = {run_folder.run_id(folder) for folder in made}
    assert len(ids) == 3 and None not in ids
    assert json.loads((made[0] / run_folder.MARK).read_text())["format"] == run_folder.FORMAT
    assert all(trash.delete(tmp_path, folder) for folder in made)


async def test_home_deletes_undoes_and_empties(runs):
    from tests.tui.journals import answer, wait_until
    from tui.app import Tunewright

    before = contents(runs)
    async with Tunewright(runs).run_test(size=(100, 30)) as pilot:

        def said() -> str:
            return str(pilot.app.screen.query_one("#said").render())

        async def ask(key: str) -> str:
            await wait_until(pilot, lambda: isinstance(pilot.app.screen, HomeScreen))
            await pilot.press(key)
            await wait_until(pilot, lambda: isinstance(pilot.app.screen, Sure))
            return str(pilot.app.screen.query_one(".text").render())

        await wait_until(pilot, lambda: pilot.app.screen.has_class("-some"))
        assert "u brings them back" in await ask("d")
        await answer(pilot, "y")
        await wait_until(pilot, lambda: trash.number(runs) == 1)
        await wait_until(pilot, lambda: "u brings it back" in said())
        await pilot.press("u")
        await wait_until(pilot, lambda: "is back" in said())
        assert {name: fact for name, fact in contents(runs).items() if name != ".trash"} == before
        await ask("d")
        await answer(pilot, "y")
        await wait_until(pilot, lambda: "u brings it back" in said())
        assert "1 deleted run" in await ask("E")
        await answer(pilot, "y")
        await wait_until(pilot, lambda: "are free again" in said())
        assert trash.number(runs) == 0 and not list((runs / ".trash").iterdir())
