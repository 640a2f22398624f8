"""Files of text, compressed or not."""

import io
from pathlib import Path

import pyarrow

from engine.recipes.parts.encoding import ENCODING


def opened(file: str, newline: str = "") -> io.TextIOWrapper:
    """Return a file as text, with its line ends as they are; .gz and .zst are told by their first bytes.

    Its lines end at every kind of line end, or only at `newline`.
    """
    kinds = {b"\x1f\x8b": "gzip", b"\x28\xb5": "zstd"}
    with Path(file).open("rb") as stream:
        kind = kinds.get(stream.read(2))
    raw = pyarrow.input_stream(file, compression=kind)
    return io.TextIOWrapper(io.BufferedReader(raw), encoding=ENCODING, newline=newline)
