"""Journals that were cut, doubled, garbled, spliced or deleted while somebody reads them: no crash, no wrong point."""

import json
import random
from pathlib import Path

import pytest

from engine.follow import Follower
from engine.history import History

Points = dict[str, dict[int, float]]
STEPS = 400


def journal(chance: random.Random) -> list[bytes]:
    """The lines of a run that was broken off and went on from a checkpoint."""
    events: list[dict[str, object]] = [{"type": "started", "host": "box", "pid": 1, "created": 2}]
    for begin, end in ((0, STEPS // 2), (STEPS // 4, STEPS)):
        events.append({"type": "begun", "from_step": begin, "max_steps": STEPS, "epochs": 3})
        for step in range(begin + 1, end + 1):
            values = {"loss": chance.random(), "grad_norm": None if step % 50 == 0 else chance.random()}
            events.append({"type": "metrics", "step": step, "epoch": step / 100, "values": values})
            if step % 40 == 0:
                events.append(
                    {"type": "evaluated", "step": step, "epoch": step / 100, "values": {"eval_loss": chance.random()}}
                )
                events.append({"type": "checkpoint", "step": step, "path": "output/checkpoint"})
    return [json.dumps({"time": 1e9 + index, **event}).encode() + b"\n" for index, event in enumerate(events)]


def points(known: History) -> Points:
    """Every point of every curve; a gap is None."""
    curves = {**known.metrics, **known.evaluated}
    return {
        name: {step: value for step, value in zip(series.steps, series.values, strict=True) if value == value}
        for name, series in curves.items()
    }


def written(lines: list[bytes]) -> dict[str, set[tuple[int, float]]]:
    """Every point that was ever written, whatever came of it later."""
    found: dict[str, set[tuple[int, float]]] = {}
    for line in lines:
        event = json.loads(line)
        for name, value in event.get("values", {}).items():
            found.setdefault(name, set()).add((event["step"], value))
    return found


def spoil(lines: list[bytes], chance: random.Random) -> bytes:
    """One of the ways in which a file is broken: torn, doubled, overwritten, filled with zeros, spliced."""
    whole = b"".join(lines)
    place, size = chance.randrange(len(whole)), chance.randrange(1, 3000)
    way = chance.randrange(6)
    if way == 0:
        return whole[:place]
    if way == 1:
        return whole[:place] + whole[max(0, place - size) :]
    if way == 2:
        return whole[:place] + chance.randbytes(size) + whole[place + size :]
    if way == 3:
        return whole[:place] + b"\0" * size + whole[place:]
    if way == 4:
        return whole[:place] + whole[place + size :]
    index = chance.randrange(len(lines))
    return b"".join([*lines[:index], b"\n[1, 2]\n{}\n\xff\xfe\n", *lines[index:]])


@pytest.mark.parametrize("seed", range(60))
def test_no_point_is_shown_that_was_not_written(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    lines = journal(chance)
    spoiled, allowed, file = spoil(lines, chance), written(lines), tmp_path / "events.jsonl"
    follower, at = Follower(tmp_path), 0
    while at < len(spoiled):  # it grows while it is read
        size = chance.choice((1, 50, 5_000, 100_000))
        with file.open("ab") as growing:
            growing.write(spoiled[at : at + size])
        at += size
        follower.read(chance.choice((None, 700)))
    while follower.read():
        pass
    for name, found in points(follower.history).items():
        assert set(found.items()) <= allowed[name]


def test_every_line_that_is_whole_is_kept(tmp_path: Path) -> None:
    chance = random.Random(7)
    lines = journal(chance)
    whole = Follower(tmp_path / "whole")
    for folder, content in (("whole", b"".join(lines)), ("dirty", b"nonsense\n".join(lines))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "events.jsonl").write_bytes(content)
    dirty = Follower(tmp_path / "dirty")
    whole.read(), dirty.read()
    assert points(dirty.history) == points(whole.history)
    assert dirty.history.skipped == len(lines) - 1 and whole.history.skipped == 0


def test_a_journal_that_is_deleted_and_written_anew_is_read_anew(tmp_path: Path) -> None:
    lines, file = journal(random.Random(1)), tmp_path / "events.jsonl"
    file.write_bytes(b"".join(lines))
    follower = Follower(tmp_path)
    follower.read()
    before = points(follower.history)
    file.unlink()
    assert follower.read() == 0 and points(follower.history) == before
    file.write_bytes(b"".join(lines[:30]))
    follower.read()
    assert follower.history.step == json.loads(lines[29])["step"]
