"""TensorBoard's event files: records of a length, its checksum, an Event and its checksum."""

import struct
from collections.abc import Iterator
from pathlib import Path

from engine.foreign.points import points, sorted_name
from engine.foreign.protobuf import fields, signed, unpack
from engine.history import Event

FORMS = {1: "f", 2: "d", 3: "i", 9: "q"}
"""How the content of a tensor is read, by its type."""
LISTS = {5: ("f", 1), 6: ("d", 2)}
"""Fields of a tensor in which its numbers may stand one by one, with their form and type."""


def _table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = _table()


def checksum(data: bytes) -> int:
    """Return the masked CRC-32C that stands behind lengths and records."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def read(path: Path) -> Iterator[Event | None]:
    """Yield the events of one file, or of all files of a folder; None for a record that can't be read."""
    files = sorted(path.glob("*tfevents*")) if path.is_dir() else [path]
    for file in files:
        yield from _gathered(file)


def _gathered(file: Path) -> Iterator[Event | None]:
    """Yield what was written for one step, which comes in one record for each name, as one point."""
    named: dict[str, float] = {}
    step, time = 0, 0.0
    for record in records(file.read_bytes()):
        found = None if record is None else scalars(record)
        if found is None:
            yield None
            continue
        new = {name: value for name, value in found[2].items() if name in named}
        if found[2] and named and (found[0] != step or new):
            yield from _points(named, step, time)
            named = {}
        if found[2]:
            step, time = found[0], found[1]
            named.update(found[2])
    yield from _points(named, step, time)


def _points(named: dict[str, float], step: int, time: float) -> Iterator[Event]:
    epochs = [value for name, value in named.items() if sorted_name(name)[1] == "epoch"]
    yield from points(named, step, epochs[0] if epochs else None, time)


def records(data: bytes) -> Iterator[bytes | None]:
    """Yield the records; None, and no more, where a length is broken; one that is still being written is left out."""
    at = 0
    while at + 12 <= len(data):
        size, check = struct.unpack_from("<QI", data, at)
        if checksum(data[at : at + 8]) != check:
            yield None
            return
        if at + 16 + size > len(data):
            return
        record = data[at + 12 : at + 12 + size]
        yield record if checksum(record) == struct.unpack_from("<I", data, at + 12 + size)[0] else None
        at += 16 + size


def scalars(record: bytes) -> tuple[int, float, dict[str, float]] | None:
    """Return step, time and the single numbers of an Event; None for one that can't be read."""
    step, time = 0, 0.0
    named: dict[str, float] = {}
    try:
        for number, value in fields(record):
            if number == 1:
                time = unpack("d", value)[0]
            elif number == 2:
                step = signed(value)
            elif number == 5 and isinstance(value, bytes):
                named.update(_summary(value))
    except (ValueError, IndexError):
        return None
    return step, time, named


def _summary(message: bytes) -> Iterator[tuple[str, float]]:
    for number, value in fields(message):
        if number == 1 and isinstance(value, bytes):
            parts = dict(fields(value))
            name, plain, tensor = parts.get(1), parts.get(2), parts.get(8)
            found = unpack("f", plain) if isinstance(plain, bytes) else _tensor(tensor)
            if isinstance(name, bytes) and len(found) == 1:
                yield name.decode("utf-8", "replace"), found[0]


def _tensor(message: int | bytes | None) -> list[float]:
    """Return the numbers of a tensor, which stand in its content or one by one."""
    if not isinstance(message, bytes):
        return []
    parts = dict(fields(message))
    kind, content = parts.get(1), parts.get(4)
    if isinstance(content, bytes) and content and kind in FORMS:
        return unpack(FORMS[int(kind)], content)
    for number, (form, wanted) in LISTS.items():
        if kind == wanted and number in parts:
            return unpack(form, parts[number])
    whole = parts.get(7 if kind == 3 else 10)
    return [float(signed(whole))] if isinstance(whole, int) else [float(byte) for byte in whole or b""][:2]
