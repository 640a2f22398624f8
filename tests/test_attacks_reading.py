"""Run folders and model folders made to hurt who looks at them: each costs itself only, a sentence, and no time."""

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import command, fitting, listing, model, remarks, run, run_folder
from engine.differences import differences
from engine.follow import Follower
from engine.problem import Problem
from engine.safe_files import parse_json, read
from tests import facts
from tests.tui.journals import RunFolder
from tui.commands.describe import report, report_lines, run_lines

DEEP = "[" * 90_000
BOMB = "goal: sft\na: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
FILES = ("run.yaml", "events.jsonl", "train.py", "note.txt", "log.txt", run_folder.SCRIPT_MARK, run_folder.MARK)
BAD = {
    "deep": lambda path: path.write_text(DEEP),
    "noise": lambda path: path.write_bytes(bytes(range(256)) * 64),
    "surrogate": lambda path: path.write_text('goal: sft\nmodel: {id: "/\\ud800"}\ndata: {train: "\\udfff.jsonl"}\n'),
    "long id": lambda path: path.write_text(
        f"goal: sft\nmodel: {{id: {'x' * 300_000}}}\ndata: {{train: /{'y' * 5000}}}\n"
    ),
    "pipe": lambda path: (path.unlink(missing_ok=True), os.mkfifo(path)),
    "device": lambda path: (path.unlink(missing_ok=True), path.symlink_to("/dev/zero")),
    "loop": lambda path: (path.unlink(missing_ok=True), path.symlink_to(path)),
    "folder": lambda path: (path.unlink(missing_ok=True), path.mkdir()),
    "bomb": lambda path: path.write_text(BOMB),
    "home": lambda path: path.write_text(
        "goal: sft\nmodel: {id: ~nobody-of-that-name/x}\ndata: {train: ~nobody/y.jsonl}\n"
    ),
}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    RunFolder(tmp_path / "runs", "good").start(at=-9000).begin(at=-8000).train(1, 5).complete(9060)
    return tmp_path / "runs"


def looked_at(folder: Path) -> None:
    """Everything that list, show, watch, Home and compare read of a run; a Problem is an answer, all else is none."""
    known = run.history(folder)
    looks: list[Callable[[], object]] = [
        lambda: list(report_lines(folder)),
        lambda: json.dumps(report(folder), default=str),
        lambda: differences([folder, folder]),
        lambda: run.state(folder, known),
        lambda: run_folder.tail_log(folder),
        lambda: fitting.remembered(folder),
        lambda: command.described(folder),
        lambda: run_folder.load(folder),
        lambda: run_folder.is_edited(folder),
    ]
    for look in looks:
        try:
            look()
        except Problem as problem:
            assert len(problem.sentence) < 2000 or "x" * 1000 in problem.sentence


@pytest.mark.timeout(60)
@pytest.mark.parametrize("way", BAD)
def test_a_bad_folder_costs_itself_only(runs, way):
    """A pipe would be waited for, a device read for ever, brackets and aliases take all memory."""
    for name in FILES:
        folder = RunFolder(runs, f"bad-{name}").start(at=-9000).begin(at=-8000).train(1, 5).complete(9060).path
        BAD[way](folder / name)
        looked_at(folder)
    found = listing.listing(runs)
    assert "good" in [line.name for line in found]
    assert all(len(line) < 400_000 for line in run_lines(found))
    hidden = {"run.yaml"} if way in ("pipe", "device", "loop", "folder") else set()
    assert {line.name for line in found} == {"good", *(f"bad-{name}" for name in FILES if name not in hidden)}


def test_names_that_no_terminal_and_no_encoding_takes_are_listed(runs):
    for name in (b"\xff\xfe", b"\x1b]0;owned\x07", b"n" * 255, "‮gnp".encode(), b"-rf", b"a b\nc"):
        RunFolder(runs, os.fsdecode(name)).start(at=-9000)
    found = listing.listing(runs)
    assert len(found) == 7
    for line in run_lines(found):
        assert "\x1b" not in line and line.encode("utf-8")
    for line in found:
        assert run_folder.find(runs, line.name) == line.folder
        assert json.dumps(report(line.folder), default=str)


def test_a_line_without_an_end_is_neither_kept_nor_waited_for(runs):
    folder = RunFolder(runs, "endless").start(at=-9000).begin(at=-8000).train(1, 5).path
    with (folder / "events.jsonl").open("ab") as file:
        file.truncate(file.tell() + (60 << 20))
        file.seek(0, os.SEEK_END)
    follower = Follower(folder)
    follower.read()
    assert follower.history.step == 5
    assert sum(map(len, follower._rest)) < 10 << 20
    with (folder / "events.jsonl").open("ab") as file:
        file.write(b'\n{"type": "metrics", "time": 1, "step": 6, "epoch": 1, "values": {"loss": 1}}\n')
    follower.read()
    assert (follower.history.step, follower.history.skipped) == (6, 1)
    assert listing.glance(folder).step == 6


SHAPES = ["x", -1, 1e308, 2**70, True, [], [1], {}, {"a": {"b": [1]}}, [["a", 1]], None, "\ud800"]


@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_fields_of_the_wrong_shape_cost_their_event_only(runs, shape):
    events = [json.loads(line) for line in (runs / "good" / "events.jsonl").read_text().splitlines()]
    first = {event["type"]: event for event in events}
    for kind, event in first.items():
        folder = RunFolder(runs, f"odd-{kind}").path
        with (folder / "events.jsonl").open("w") as file:
            for field in [*event, "values", "results", "memory", "change", "gpu"]:
                for whole in events:
                    told = {**whole, field: SHAPES[shape]} if whole is event else whole
                    file.write(json.dumps(told) + "\n")
        looked_at(folder)
    found = listing.listing(runs)
    assert len(found) == 1 + len(first)
    assert list(run_lines(found))
    assert not [line for line in found if "can't be read" in line.note]


def test_a_folder_that_breaks_even_its_line_has_one_that_says_so(runs, monkeypatch):
    def broken(folder: Path) -> str:
        raise ArithmeticError("odd")

    monkeypatch.setattr(remarks, "note", broken)
    (line,) = listing.listing(runs)
    assert line.name == "good" and "ArithmeticError: odd" in line.note


def weights(folder: Path, header: bytes, length: int | None = None) -> None:
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", length or len(header)) + header)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "header",
    [
        DEEP.encode(),
        b'{"a":' * 90_000,
        b"{" + b'"a": 1, ' * 10 + b'"b": []}',
        b'{"a": {"dtype": "F32", "shape": "x"}, "b": {"dtype": 5}, "c": {"dtype": "F32", "shape": [[1]]}}',
        b'{"a": {"dtype": "F32", "shape": [1' + b"0" * 5000 + b"]}}",
        b"[]",
        b"\xff\xfe",
    ],
    ids=range(7),
)
def test_headers_of_weights_are_read_within_bounds(tmp_path, header):
    folder = facts.model(tmp_path / "model", facts.QWEN_HALF_B).folder
    for length in (None, 2**63, 10**9):
        weights(folder, header, length)
        try:
            assert model.look(str(folder)).architecture == "qwen2"
        except Problem as problem:
            assert "broken or cut off" in problem.sentence


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer_config.json", "sentence_bert_config.json", "adapter_config.json"]
)
@pytest.mark.parametrize("text", [DEEP, '{"a":' * 90_000, "[]", "", '{"a": 1' + "0" * 5000 + "}"], ids=range(5))
def test_descriptions_of_models_are_read_within_bounds(tmp_path, name, text):
    folder = facts.model(tmp_path / "model", facts.QWEN_HALF_B).folder
    weights(folder, b"{}")
    (folder / name).write_text(text)
    with pytest.raises(Problem) as caught:
        model.look(str(folder))
    assert str(folder) in caught.value.sentence and len(caught.value.sentence) < 500


@pytest.mark.parametrize("kind", ["itself", "a circle", "a link"])
def test_an_adapter_that_is_its_own_base_is_named(tmp_path, kind):
    for name, base in (("one", "two" if kind == "a circle" else "one"), ("two", "one")):
        folder = tmp_path / name
        folder.mkdir()
        told = str(tmp_path / ("again" if kind == "a link" else base))
        (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "base_model_name_or_path": told}))
        (folder / "tokenizer.json").write_text("{}")
    (tmp_path / "again").symlink_to(tmp_path / "one")
    with pytest.raises(Problem, match="its own base model"):
        model.look(str(tmp_path / "one"))


@pytest.mark.parametrize(
    "name", ["x" * 5000, "/" + "y" * 300, "a/../" * 2000, "~nobody-of-that-name/x", "~" + "z" * 5000]
)
def test_a_model_of_an_impossible_name_is_one_sentence(name):
    with pytest.raises(Problem):
        model.look(name)


@pytest.mark.parametrize("text", ["[" * 102 + "]" * 102, '{"a":' * 102 + "1" + "}" * 102, DEEP], ids=range(3))
def test_deep_json_is_refused_whether_it_ends_or_not(text):
    with pytest.raises(ValueError, match="deep"):
        parse_json(text)
    assert parse_json("[" * 99 + "]" * 99)


def test_a_file_that_grows_while_it_is_read_is_read_up_to_its_bound(tmp_path):
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(OSError, match="larger than"):
        read(tmp_path / "large")
