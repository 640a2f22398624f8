"""The .wandb file of an offline run of Weights & Biases: a log in blocks, of records in protocol buffers."""

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.foreign.points import points, where
from engine.foreign.protobuf import fields
from engine.history import Event

BEGIN = b":W&B"
BLOCK = 32768
HEAD = 7  # bytes before every piece: checksum, length, kind; and as many at the beginning of the file
WHOLE, FIRST, MIDDLE, LAST = 1, 2, 3, 4
HISTORY = 3
"""The field of a record that holds a row of the history."""


def read(path: Path) -> Iterator[Event | None]:
    """Yield the events of a run's history; None for a record that can't be read."""
    if path.is_dir():
        path = next(iter(sorted(path.glob("*.wandb"))))
    step = 0
    for record in records(path.read_bytes()):
        try:
            rows = [] if record is None else [value for number, value in fields(record) if number == HISTORY]
            named = [row(value) for value in rows if isinstance(value, bytes)]
        except (ValueError, RecursionError):
            record, named = None, []
        if record is None:
            yield None
        for each in named:
            step, epoch, time = where(each, step)
            yield from points(each, step, epoch, time)


def records(data: bytes) -> Iterator[bytes | None]:
    """Yield the records, put together from their pieces; None for one with a wrong checksum."""
    at, parts = HEAD, b""
    while at + HEAD <= len(data):
        if BLOCK - at % BLOCK < HEAD:
            at += BLOCK - at % BLOCK  # what is left of a block is too small for a piece
            continue
        check, size, kind = struct.unpack_from("<IHB", data, at)
        piece = data[at + HEAD : at + HEAD + size]
        if kind == 0 or len(piece) < size:
            return  # nothing was written here yet
        at += HEAD + size
        if zlib.crc32(piece, zlib.crc32(bytes([kind]))) != check:
            parts = b""
            yield None
            continue
        parts = piece if kind in (WHOLE, FIRST) else parts + piece
        if kind in (WHOLE, LAST):
            yield parts


def row(message: bytes) -> dict[str, Any]:
    """Return the names and values of a row of the history."""
    found: dict[str, Any] = {}
    for number, item in fields(message):
        if number != 1 or not isinstance(item, bytes):
            continue
        parts = list(fields(item))
        names = [value.decode("utf-8", "replace") for key, value in parts if key in (1, 2) and isinstance(value, bytes)]
        told = next((value for key, value in parts if key == 16 and isinstance(value, bytes)), b"null")
        found.update(flat(".".join(filter(None, names)), json.loads(told)))
    return found


def flat(name: str, value: Any) -> dict[str, Any]:
    """Return a value by its name, and what lies in it by names with a point between."""
    if not isinstance(value, dict):
        return {name: value}
    return {key: each for inner, held in value.items() for key, each in flat(f"{name}.{inner}", held).items()}
