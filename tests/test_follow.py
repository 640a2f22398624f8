"""Reading a growing, torn, garbled or replaced events.jsonl."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.event import Journal
from engine.follow import Follower


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def point(step: int) -> bytes:
    event: dict[str, Any] = {"type": "metrics", "time": step, "step": step, "epoch": 0, "values": {"loss": step / 2}}
    return json.dumps(event).encode() + b"\n"


def steps(follower: Follower) -> list[int]:
    series = follower.history.metrics.get("loss")
    return list(series.steps) if series else []


def append(log: Path, data: bytes) -> None:
    with log.open("ab") as file:
        file.write(data)


def test_no_file_yet_is_an_empty_history(log: Path) -> None:
    follower = Follower(log.parent)
    assert follower.read() == 0
    append(log, point(1))
    assert follower.read() == 1
    assert steps(follower) == [1]


def test_each_line_is_read_once(log: Path) -> None:
    follower = Follower(log.parent)
    for step in range(1, 4):
        append(log, point(step))
        assert follower.read() == 1
        assert follower.read() == 0
    assert steps(follower) == [1, 2, 3]


@pytest.mark.parametrize("cut", [1, 10, len(point(2)) - 1])
def test_an_incomplete_line_waits_for_its_end(log: Path, cut: int) -> None:
    follower = Follower(log.parent)
    append(log, point(1) + point(2)[:cut])
    assert follower.read() == 1
    append(log, point(2)[cut:])
    assert follower.read() == 1
    assert (steps(follower), follower.history.skipped) == ([1, 2], 0)


def test_a_character_cut_in_two_survives(log: Path) -> None:
    line = '{"type":"phase","name":"Größe","time":1}\n'.encode()
    follower = Follower(log.parent)
    cut = line.index("ö".encode()) + 1
    append(log, line[:cut])
    follower.read()
    append(log, line[cut:])
    follower.read()
    assert follower.history.phase == "Größe"


def test_bad_lines_are_counted_and_skipped(log: Path) -> None:
    append(log, point(1) + b"{half\n" + b"[1,2]\n" + b"\xff\xfe\n" + b"\n" + b'{"type":"later"}\n' + point(2))
    follower = Follower(log.parent)
    follower.read()
    assert (steps(follower), follower.history.skipped) == ([1, 2], 3)


def test_a_torn_line_costs_one_line_when_the_next_writer_goes_on(log: Path) -> None:
    append(log, point(1) + point(2)[:20])
    follower = Follower(log.parent)
    follower.read()
    journal = Journal(log)
    journal.write("started", host="box", pid=1)
    journal.close()
    follower.read()
    assert follower.history.started is not None
    assert (steps(follower), follower.history.skipped) == ([1], 1)


def test_a_file_cut_short_starts_again(log: Path) -> None:
    append(log, point(1) + point(2) + point(3))
    follower = Follower(log.parent)
    follower.read()
    log.write_bytes(point(7))
    follower.read()
    assert steps(follower) == [7]


def test_another_file_in_its_place_starts_again(log: Path) -> None:
    append(log, point(1))
    follower = Follower(log.parent)
    follower.read()
    other = log.with_name("other")
    other.write_bytes(point(8) + point(9))
    other.replace(log)
    follower.read()
    assert steps(follower) == [8, 9]


def test_a_file_rewritten_in_place_and_longer_starts_again(log: Path) -> None:
    append(log, point(1) + point(2))
    follower = Follower(log.parent)
    follower.read()
    with log.open("r+b") as file:
        file.write(b"".join(map(point, (4, 5, 6))))
    follower.read()
    assert steps(follower) == [4, 5, 6]


def test_a_deleted_file_leaves_the_picture(log: Path) -> None:
    append(log, point(1))
    follower = Follower(log.parent)
    follower.read()
    log.unlink()
    assert follower.read() == 0
    assert steps(follower) == [1]


def test_a_limit_reads_in_pieces_and_misses_nothing(log: Path) -> None:
    log.write_bytes(b"".join(map(point, range(1000))))
    follower = Follower(log.parent)
    pieces = 0
    while follower.read(limit=700):
        pieces += 1
    assert pieces > 10
    assert steps(follower) == list(range(1000))


def test_a_log_written_twice_gives_each_point_once(log: Path) -> None:
    log.write_bytes(b"".join(map(point, range(50))) * 2)
    follower = Follower(log.parent)
    follower.read()
    assert steps(follower) == list(range(50))
