"""As much of protocol buffers as it takes to read a record whose fields are known by number."""

import struct
from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
Field = tuple[int, int | bytes]


def fields(message: bytes) -> Iterator[Field]:
    """Yield number and content of every field; a ValueError says that this is no message."""
    at = 0
    while at < len(message):
        key, at = varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = varint(message, at)
            yield number, value
            continue
        size, at = varint(message, at) if kind == BYTES else ({FIXED64: 8, FIXED32: 4}.get(kind, -1), at)
        if size < 0 or at + size > len(message):
            raise ValueError("a field goes beyond its message")
        yield number, message[at : at + size]
        at += size


def varint(message: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins at a place, and where it ends."""
    value = shift = 0
    while at < len(message) and shift < 70:
        byte = message[at]
        at, value, shift = at + 1, value | (byte & 127) << shift, shift + 7
        if byte < 128:
            return value, at
    raise ValueError("a number has no end")


def signed(value: int | bytes) -> int:
    """Return a 64-bit number with its sign."""
    whole = value if isinstance(value, int) else 0
    return whole - (1 << 64) if whole >= 1 << 63 else whole


def unpack(form: str, value: int | bytes) -> list[float]:
    """Return the numbers of a form (as in struct) that lie one after the other."""
    data = value if isinstance(value, bytes) else b""
    size = struct.calcsize(form)
    return [found for (found,) in struct.iter_unpack(f"<{form}", data[: len(data) // size * size])]
