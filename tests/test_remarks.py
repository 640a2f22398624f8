"""What is written about a run: a line, its tags, and finding runs by both."""

import json

import pytest

from engine import remarks
from engine.listing import listing
from engine.problem import Problem
from tests.commands import tunewright
from tests.tui.journals import RunFolder


@pytest.fixture
def runs(tmp_path):
    root = tmp_path / "runs"
    for name in ("first", "second"):
        RunFolder(root, name).start(at=-9000).begin(at=-8000).train(1, 100).complete(9060)
    return root


def test_a_note_is_one_line_and_its_tags_are_known(runs):
    folder = runs / "first"
    remarks.write_note(folder, "  higher rate\n than usual #rate-2e.4 #baseline #baseline ")
    assert remarks.note(folder) == "higher rate than usual #rate-2e.4 #baseline #baseline"
    (first,) = [line for line in listing(runs) if line.name == "first"]
    assert first.tags == ("rate-2e.4", "baseline")
    remarks.write_note(folder, " \n")
    assert remarks.note(folder) == ""
    assert not list(folder.glob("note*"))


def test_a_note_that_is_too_long_is_refused_and_the_old_one_stays(runs):
    remarks.write_note(runs / "first", "short")
    with pytest.raises(Problem, match="400 characters at most"):
        remarks.write_note(runs / "first", "x" * 401)
    assert remarks.note(runs / "first") == "short"


def test_a_damaged_note_hurts_nothing(runs):
    (runs / "first" / "note.txt").write_bytes(b"\xff\xfe\x00 [red]#odd" + b"y" * 10_000)
    assert len(remarks.note(runs / "first")) <= 400
    (runs / "second" / "note.txt").mkdir()
    assert remarks.note(runs / "second") == ""
    assert len(listing(runs)) == 2


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", {"first", "second"}),
        ("FIRST", {"first"}),
        ("sft #good", {"second"}),
        ("#goo", set()),
        ("rate", {"second"}),
        ("first rate", set()),
    ],
)
def test_runs_are_found_by_all_words_and_whole_tags(words, found, runs):
    remarks.write_note(runs / "second", "the better rate #Good")
    assert {line.name for line in listing(runs) if remarks.matches(line, words)} == found


def test_the_commands_write_and_find(runs):
    assert "nothing is written" in tunewright("note", "first", cwd=runs.parent).stdout
    assert "the one to keep #final" in tunewright("note", "first", "the one to keep #final", cwd=runs.parent).stdout
    listed = json.loads(tunewright("runs", "#final", "--json", cwd=runs.parent).stdout)
    assert [(line["name"], line["tags"]) for line in listed] == [("first", ["final"])]
    plain = tunewright("runs", cwd=runs.parent).stdout
    assert "the one to keep #final" in plain
    assert "second" in plain
    assert "none of 2 runs matches" in tunewright("runs", "nowhere", cwd=runs.parent).stdout
