"""Rows of one file, whatever its format: streaming, and every broken place with its line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from engine.data import tables
from engine.data.jsons import Broken, Item, as_row, byte_lines, document, json_lines, parsed
from engine.data.opening import DAMAGE, Opening, opening
from engine.problem import Problem

JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
TEXT_SUFFIXES = (".txt", ".text", ".md", ".markdown", ".rst")
CSV_SUFFIXES = (".csv", ".tsv", ".tab")
_CODE = (
    "bash bat c cc clj cmake cpp cs css cu cxx dart el elm erl ex f90 fs go gradle graphql groovy h hpp hs html "
    "hxx java jl js jsx kt less lisp lua m mjs ml mm nim php pl proto ps1 py r rb rs sass scala scss sh sol sql "
    "svelte swift tcl tex tf toml ts tsx v vb vhd vue xml yaml yml zig"
)
CODE_SUFFIXES = tuple(f".{ending}" for ending in _CODE.split())
"""Files that count in a folder only where no table lies beside them: texts to read on in."""
SUFFIXES = (*JSON_SUFFIXES, *CSV_SUFFIXES, ".parquet", ".arrow", *TEXT_SUFFIXES)
GLANCE = 1 << 24
"""Longest line that is read in order to tell how a file is written."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The rows of a file: `kind` is how they are written, `shape` how they are laid out in JSON."""

    path: Path
    kind: str
    shape: str
    encoding: str
    delimiter: str
    suffix: str
    total: int | None
    items: Iterator[Item]
    compression: str = ""
    quoted: bool = True
    header: bool = True


def read(path: Path) -> Reading:
    """Open a file and return its rows as a stream; raises Problem when there is nothing to read."""
    source = opening(path)
    try:
        return _reading(source)
    except DAMAGE as error:
        raise Problem(f"the file cannot be read ({error})", where=str(path), code="unreadable") from error


def _reading(source: Opening) -> Reading:
    path = source.path
    if source.suffix in (".parquet", ".arrow"):
        total, items = _parquet(path) if source.suffix == ".parquet" else _arrow(source)
        return Reading(path, source.suffix[1:], "rows", "", "", source.suffix, total, items)
    if not _first_lines(source, 1):
        raise Problem("the file holds no rows", where=str(path), advice="give a file with rows in it", code="empty")
    kind = _kind(source)
    shape, delimiter, quoted, header = "rows", "", True, True
    if kind == "jsonl":
        shape = _line_shape(source)
        items = json_lines(source, shape)
    elif kind == "json":
        shape, items = document(source)
    elif kind == "table":
        delimiter = tables.delimiter(source, _first_lines(source, 1)[0])
        quoted, names = tables.quoted(source, delimiter), tables.names(source, delimiter)
        header = names is None
        items = tables.rows(source, delimiter, names)
    else:
        items = _text(source)
    manner = (source.encoding, delimiter, source.suffix, None)
    return Reading(path, kind, shape, *manner, _guarded(items), source.compression, quoted, header)


def _guarded(items: Iterator[Item]) -> Iterator[Item]:
    """A file that ends early or is damaged inside is told as a broken place, after the rows before it."""
    count = 0
    try:
        for item in items:
            count += 1
            yield item
    except UnicodeDecodeError as error:
        yield Broken(count + 1, f"or one soon after it holds bytes that are not {error.encoding.upper()}")
    except DAMAGE as error:
        yield Broken(count + 1, f"cannot be read: the file is damaged or cut off ({error})")


def _kind(source: Opening) -> str:
    """Tell by content, and by the name where the content leaves it open, how the rows are written."""
    start = source.head.decode(source.encoding, "ignore").lstrip("\ufeff \t\r\n")
    named_json = source.suffix in JSON_SUFFIXES
    if start[:1] in ("{", "[") and (named_json or _holds_json(source)):
        return "jsonl" if _is_lines(source) else "json"
    if named_json:
        return "jsonl" if source.suffix != ".json" else "json"
    if source.suffix in CSV_SUFFIXES:
        return "table"
    return "text"


def _first_lines(source: Opening, count: int = 2) -> list[bytes]:
    return list(islice((line for line in byte_lines(source, GLANCE) if not line.isspace()), count))


def _value(line: bytes) -> Any:
    try:
        return parsed(line)
    except (ValueError, RecursionError):
        return None


def _holds_json(source: Opening) -> bool:
    """A file with another name holds JSON when its first line is an object or begins a list of them."""
    first = _first_lines(source, 1)[0]
    return isinstance(_value(first), dict) or bool(re.match(rb"\s*(\[\s*(\{|$)|\{\s*$)", first))


def _is_lines(source: Opening) -> bool:
    """Every line is a value of its own, or the whole file is one document."""
    if source.head.lstrip()[:1] == b"[" and b"\n" not in source.head:
        return False
    lines = _first_lines(source)
    values = [_value(line) for line in lines]
    if len(lines) == 1:
        return False
    if isinstance(values[0], list):
        return lines[1].lstrip()[:1] == b"["
    if values[0] is not None:
        return True
    begun = lines[0].strip() in (b"{", b"[")
    return not begun and (source.suffix != ".json" or isinstance(values[1], dict))


def _line_shape(source: Opening) -> str:
    values = [value for value in map(_value, _first_lines(source, 20)) if value is not None]
    if not values or isinstance(values[0], dict):
        return "rows"
    return "lists" if isinstance(values[0], list) else "values"


def _text(source: Opening) -> Iterator[Item]:
    """Every line that holds something is a row."""
    for line in byte_lines(source):
        text = line.decode("utf-8")
        if text.strip():
            yield {"text": text.rstrip("\r\n")}


def _parquet(path: Path) -> tuple[int, Iterator[Item]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, "Parquet", error) from error
    return file.metadata.num_rows, _batches(file.iter_batches(batch_size=256))


def _arrow(source: Opening) -> tuple[int, Iterator[Item]]:
    """Count the rows of an Arrow file (or stream, as `datasets` writes it) without copying them."""
    import pyarrow as pa

    def batches() -> Iterator[Any]:
        data = pa.memory_map(str(source.path))
        if source.head.startswith(b"ARROW1"):
            file = pa.ipc.open_file(data)
            return (file.get_batch(index) for index in range(file.num_record_batches))
        return iter(pa.ipc.open_stream(data))

    try:
        return sum(batch.num_rows for batch in batches()), _batches(batches())
    except (pa.ArrowException, OSError) as error:
        raise _damaged(source.path, "Arrow", error) from error


def _damaged(path: Path, kind: str, error: Exception) -> Problem:
    what = f"the {kind} file is damaged ({str(error).splitlines()[0]})"
    return Problem(what, where=str(path), advice="copy or write it anew", code="unreadable")


def _batches(batches: Iterator[Any]) -> Iterator[Item]:
    import pyarrow as pa

    count = 0
    try:
        for batch in batches:
            for start in range(0, batch.num_rows, 256):
                for row in batch.slice(start, 256).to_pylist():
                    count += 1
                    yield as_row(row, "rows", count)
    except (pa.ArrowException, *DAMAGE) as error:
        yield Broken(count + 1, f"cannot be read ({str(error).splitlines()[0]})")
