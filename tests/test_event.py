"""The journal: one whole line an event, whatever happens to the disk or the process."""

import json
import math
import os
import threading
from pathlib import Path

import pytest

from engine.event import Journal, clean


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_numbers_that_are_none_become_null(tmp_path):
    journal = Journal(tmp_path / "events.jsonl")
    journal.write("metrics", values={"loss": math.nan, "best": math.inf, "step": 3}, names=("a", "b"))
    (event,) = lines(tmp_path / "events.jsonl")
    assert event["values"] == {"loss": None, "best": None, "step": 3}
    assert event["names"] == ["a", "b"]
    assert event["type"] == "metrics" and event["time"] > 1e9


def test_a_line_that_was_cut_is_closed_before_the_next(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"type": "metrics", "st')
    Journal(path).write("started")
    assert path.read_bytes().splitlines()[0] == b'{"type": "metrics", "st'
    assert json.loads(path.read_bytes().splitlines()[1])["type"] == "started"


def test_many_threads_write_whole_lines(tmp_path):
    journal = Journal(tmp_path / "events.jsonl")
    threads = [
        threading.Thread(target=lambda: [journal.write("x", text="y" * 500) for _ in range(50)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines(tmp_path / "events.jsonl")) == 400


def test_a_full_disk_costs_events_never_the_training(tmp_path):
    journal = Journal(tmp_path / "events.jsonl")
    with Path("/dev/full").open("wb", buffering=0) as full:
        os.dup2(full.fileno(), journal._file.fileno())
    journal.write("metrics", values={})
    assert journal.lost == 1


@pytest.mark.parametrize("value", ["[red] \x1b[31m \u2028", "\ud800", {"a": {1: object}}])
def test_anything_can_be_written(tmp_path, value):
    Journal(tmp_path / "events.jsonl").write("sample", value=value)
    assert (tmp_path / "events.jsonl").read_bytes().count(b"\n") == 1
    assert clean({1: 2}) == {"1": 2}
