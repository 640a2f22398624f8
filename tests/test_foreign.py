"""Curves that others wrote: every format that is promised, whole and broken, read and never changed."""

import json
import math
import os
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.foreign import Foreign, first
from engine.foreign.tensorboard import checksum
from engine.history import History
from engine.problem import Problem
from tests.commands import complaint, tunewright
from tests.tui.desk import keys
from tests.tui.journals import wait_until
from tui.app import Tunewright
from tui.widgets.spans import Spans

STEPS = 30
LOSSES = [struct.unpack("f", struct.pack("f", 2 * math.exp(-step / 10)))[0] for step in range(1, STEPS + 1)]
START = 1_795_000_000.0


def varint(number: int) -> bytes:
    """A number as protocol buffers write it."""
    found = b""
    while number > 127:
        found, number = found + bytes([number & 127 | 128]), number >> 7
    return found + bytes([number])


def field(number: int, content: bytes | int | float, *, double: bool = False) -> bytes:
    """One field of a message."""
    if isinstance(content, bytes):
        return varint(number << 3 | 2) + varint(len(content)) + content
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | (1 if double else 5)) + struct.pack("<d" if double else "<f", content)


def event(step: int, tag: str, value: bytes) -> bytes:
    """One record of a TensorBoard file."""
    summary = field(1, field(1, tag.encode()) + value)
    body = field(1, START + step, double=True) + field(2, step) + field(5, summary)
    size = struct.pack("<Q", len(body))
    return size + struct.pack("<I", checksum(size)) + body + struct.pack("<I", checksum(body))


def tensorboard() -> bytes:
    """What a trainer writes: a record for each name; the tests as a tensor, as newer writers do."""
    told = b""
    for step, loss in enumerate(LOSSES, 1):
        told += event(step, "train/loss", field(2, loss)) + event(step, "train/epoch", field(2, step / 10))
        if step % 10 == 0:
            told += event(step, "eval/loss", field(8, field(1, 1) + field(2, b"") + field(4, struct.pack("<f", loss))))
            told += event(step, "eval/accuracy", field(8, field(1, 2) + field(6, struct.pack("<d", step / STEPS))))
    return told


def wandb() -> bytes:
    """An offline run: rows of a history in records, cut where a block ends."""
    told = b":W&B" + struct.pack("<HB", 0xBEE1, 0)
    rows = [{"train/loss": loss, "train/global_step": step, "_runtime": 0.1} for step, loss in enumerate(LOSSES, 1)]
    for row in rows:
        step = row["train/global_step"]
        tests = {"eval/loss": row["train/loss"], "eval/accuracy": step / STEPS} if step % 10 == 0 else {}
        named = {**row, **tests, "train/epoch": step / 10, "_timestamp": START + step, "filler": "x" * 5000}
        items = (
            field(1, field(2, name.encode()) + field(16, json.dumps(each).encode())) for name, each in named.items()
        )
        told = _appended(told, field(1, int(step)) + field(3, b"".join(items)))
    return told


def _appended(told: bytes, record: bytes) -> bytes:
    begin = True
    while True:
        room = 32768 - len(told) % 32768
        if room < 7:
            told += b"\0" * room
            continue
        piece, record = record[: room - 7], record[room - 7 :]
        kind = (1 if not record else 2) if begin else (4 if not record else 3)
        told += struct.pack("<IHB", zlib.crc32(piece, zlib.crc32(bytes([kind]))), len(piece), kind) + piece
        begin = False
        if not record:
            return told


def trainer_state() -> bytes:
    """What a trainer leaves in a checkpoint."""
    log: list[dict[str, float]] = []
    for step, loss in enumerate(LOSSES, 1):
        log.append({"epoch": step / 10, "step": step, "loss": loss, "learning_rate": 1e-4})
        if step % 10 == 0:
            log.append(
                {"epoch": step / 10, "step": step, "eval_loss": loss, "eval_accuracy": step / STEPS, "eval_runtime": 3}
            )
    log.append({"epoch": 3.0, "step": STEPS, "train_runtime": 12.0, "train_loss": 1.0, "total_flos": 5e9})
    return json.dumps({"global_step": STEPS, "max_steps": 40, "num_train_epochs": 4, "log_history": log}).encode()


def rows() -> list[dict[str, float]]:
    """Rows with what was measured at a step, as a table has them."""
    found = []
    for step, loss in enumerate(LOSSES, 1):
        tests = {"val_loss": loss, "val_accuracy": step / STEPS} if step % 10 == 0 else {}
        found.append({"epoch": step / 10, "step": step, "loss": loss, **tests})
    return found


def table(separator: str = ",") -> bytes:
    """A CSV file; what was not measured is an empty cell."""
    names = ["epoch", "step", "loss", "val_loss", "val_accuracy"]
    lines = [separator.join(names), *(separator.join(str(row.get(name, "")) for name in names) for row in rows())]
    return ("\n".join(lines) + "\n").encode()


def lines() -> bytes:
    """JSON lines, with the numbers one level down as some write them."""
    return b"".join(
        json.dumps({"step": row.pop("step"), "epoch": row.pop("epoch"), "metrics": row}).encode() + b"\n"
        for row in rows()
    )


FORMATS: dict[str, Callable[[], bytes]] = {
    "events.out.tfevents.1795000000.box.7.0": tensorboard,
    "run-abc.wandb": wandb,
    "trainer_state.json": trainer_state,
    "metrics.csv": table,
    "semicolons.csv": lambda: table(";"),
    "log.jsonl": lines,
}
CHECKED = ("events.out.tfevents.1795000000.box.7.0", "run-abc.wandb")
"""Formats with checksums: whatever is spoiled in them is noticed."""


def told(known: History) -> dict[str, list[tuple[int, float]]]:
    """The points of the curves that every format here holds."""
    named = {
        "loss": known.metrics.get("loss"),
        **{name: known.evaluated.get(name) for name in ("eval_loss", "accuracy")},
    }
    return {name: list(zip(each.steps, each.values, strict=True)) if each else [] for name, each in named.items()}


WHOLE = {
    "loss": list(enumerate(LOSSES, 1)),
    "eval_loss": [(step, LOSSES[step - 1]) for step in (10, 20, 30)],
    "accuracy": [(step, step / STEPS) for step in (10, 20, 30)],
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_its_points_and_is_left_as_it_is(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(FORMATS[name]())
    (tmp_path / name).chmod(0o400)
    before = (tmp_path / name).stat()
    known = first(tmp_path / name).history
    assert told(known) == WHOLE
    assert (known.step, round(known.epoch, 5), known.skipped) == (STEPS, 3.0, 0)
    assert set(known.metrics) <= {"loss", "learning_rate"} and set(known.evaluated) == {"eval_loss", "accuracy"}
    assert known.max_steps == (40 if name == "trainer_state.json" else None)
    after = (tmp_path / name).stat()
    assert (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "trainer_state.json"])
def test_a_file_cut_anywhere_gives_only_points_that_were_written(name: str, tmp_path: Path) -> None:
    whole, file, chance = FORMATS[name](), tmp_path / name, random.Random(name)
    for cut in (0, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(25))):
        file.write_bytes(whole[:cut])
        try:
            found = told(first(file).history)
        except Problem:
            continue
        for curve, points in found.items():
            assert points == WHOLE[curve][: len(points)]


@pytest.mark.parametrize("name", CHECKED)
def test_a_spoiled_byte_costs_points_and_never_makes_one(name: str, tmp_path: Path) -> None:
    whole, file, chance = FORMATS[name](), tmp_path / name, random.Random(name)
    for _ in range(40):
        place = chance.randrange(12, len(whole))
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << chance.randrange(8)]) + whole[place + 1 :])
        found = told(first(file).history)
        assert all(set(points) <= set(WHOLE[curve]) for curve, points in found.items())


def test_what_is_garbled_in_a_table_is_left_out_and_counted(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    file.write_bytes(
        b'{"step": 1, "loss": 2.0}\n\xff\xfe nonsense\n[1, 2]\n{"step": 2, "loss": NaN}\n{"step": 3, "loss": 1.0}\n'
    )
    known = first(file).history
    assert list(known.metrics["loss"].steps) == [1, 2, 3] and math.isnan(known.metrics["loss"].values[1])
    assert known.skipped == 2


def test_a_growing_file_is_followed_and_one_that_is_gone_stays_seen(tmp_path: Path) -> None:
    whole, file = tensorboard(), tmp_path / "events.out.tfevents.1.box"
    file.write_bytes(whole[: len(whole) // 2])
    found = Foreign(tmp_path)
    found.read()
    half = len(told(found.history)["loss"])
    file.write_bytes(whole)
    found._due = 0.0
    assert found.read() and 0 < half < len(told(found.history)["loss"]) == STEPS
    assert found.read() == 0
    file.unlink()
    found._due = 0.0
    found.read()
    assert len(told(found.history)["loss"]) == STEPS


@pytest.mark.parametrize(
    "content", [b"", b"just a text\n", b"\x00\x01\x02", b"{]", b'{"log_history": 3}', b"1,2\n3,4\n"]
)
def test_what_holds_no_curves_is_refused_with_what_can_be_read(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(content)
    with pytest.raises(Problem) as refused:
        first(tmp_path / "mine")
    assert "TensorBoard" in refused.value.sentence or "trainer_state.json" in refused.value.sentence


def test_a_file_without_curves_and_a_name_that_is_nothing_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("just a text\n")
    assert "known are trainer_state.json" in complaint("watch", "mine.txt", cwd=tmp_path, status=1)
    assert "there is no run" in complaint("watch", "nothing", cwd=tmp_path, status=1)


def test_the_newest_checkpoint_of_a_folder_is_taken(tmp_path: Path) -> None:
    for step in (10, 20):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        (folder / "trainer_state.json").write_bytes(trainer_state())
        os.utime(folder / "trainer_state.json", (step, step))
    assert Foreign(tmp_path).path == tmp_path / "checkpoint-20" / "trainer_state.json"


def test_without_a_terminal_each_curve_is_a_line(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_bytes(table())
    printed = tunewright("watch", "metrics.csv", cwd=tmp_path)
    assert printed.returncode == 0
    assert [line.split()[0] for line in printed.stdout.splitlines()] == ["curve", "loss", "eval_loss", "accuracy"]


async def test_the_screen_draws_them_and_offers_nothing_that_needs_a_run(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_bytes(table())
    async with Tunewright(tmp_path / "runs", watch=tmp_path / "metrics.csv").run_test(size=(120, 40)) as pilot:

        def text() -> str:
            return "".join(each.text for each in pilot.app.screen.query(Spans))

        await wait_until(pilot, lambda: f"step {STEPS}" in text() and "⣀" in text())
        assert "as others wrote it" in text() and "metrics.csv" in text()
        offered = [words for _, words in keys(pilot.app)]
        assert "Metrics" in offered
        assert not {"Stop and save", "Detach", "Log", "Results", "Resume"} & set(offered)
        await pilot.press("s", "k", "X", "r", "l")
        assert pilot.app.screen.query("#heading")
        (tmp_path / "metrics.csv").unlink()
        await wait_until(pilot, lambda: "gone from the disk" in text())
    assert list(tmp_path.iterdir()) == []
