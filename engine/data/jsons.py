"""JSON in bounded memory: lines, and documents of any size, each broken place with its line."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, BinaryIO

import orjson

from engine.data.opening import LONGEST, Opening
from engine.data.scanner import HALF, BrokenJson, Scanner, encodable

Row = dict[str, Any]
PEEK = 64
MOST_NAMES = 1_000_000
"""Names of one object among which a repeated one is found."""
_CHAT = frozenset(
    {"messages", "conversations", "conversation", "turns", "dialog", "dialogue", "paragraphs", "questions"}
)


@dataclass(frozen=True, slots=True)
class Broken:
    """A place where the file does not hold what it should; `line` counts from 1."""

    line: int
    message: str
    file: str = ""

    @property
    def place(self) -> str:
        """The place in words, with the file where there are several."""
        return f"{self.file}, line {self.line}" if self.file else f"line {self.line}"


@dataclass(frozen=True, slots=True)
class Event:
    """One value of a document: `element` when it stands in a list, under `key` when that list is a field."""

    key: str | None
    value: Any
    line: int
    element: bool


Item = Row | Broken


def byte_lines(source: Opening, longest: int = LONGEST) -> Iterator[bytes]:
    """Yield the lines of a file as UTF-8; of a line of more than `longest` bytes, that many and no more."""
    with source.bytes() as raw:
        stream: BinaryIO | _Recoded = raw
        if source.encoding not in ("utf-8", "utf-8-sig"):
            stream = _Recoded(raw, source.encoding)
        if source.encoding == "utf-8-sig":
            stream.read(3)
        while line := stream.readline(longest):
            yield line
            while len(line) == longest and not line.endswith(b"\n"):
                line = stream.readline(longest)


class _Recoded:
    """Text of another encoding, line by line as UTF-8."""

    def __init__(self, raw: BinaryIO, encoding: str) -> None:
        self._text = io.TextIOWrapper(raw, encoding=encoding, newline="\n")

    def readline(self, limit: int) -> bytes:
        return self._text.readline(limit).encode()

    def read(self, size: int) -> bytes:
        return self._text.read(size).encode()


def parsed(line: bytes) -> Any:
    """Return the value of one line; NaN and infinity, which Python writes, are let through."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        if b"NaN" in line or b"Infinity" in line:
            return encodable(json.loads(line))
        raise


def json_lines(source: Opening, shape: str) -> Iterator[Item]:
    """Yield the row of every line; `shape` is that of the first one, and all others must agree."""
    for number, line in enumerate(byte_lines(source), 1):
        if line.isspace():
            continue
        try:
            value = parsed(line)
        except (ValueError, RecursionError) as error:
            yield Broken(number, _reason(error, line))
            continue
        yield as_row(value, shape, number)


def as_row(value: Any, shape: str, line: int) -> Item:
    """Return a value as a row of the given shape, or as broken when it is something else."""
    if shape == "lists" and isinstance(value, list) and value:
        return {f"column_{index}": cell for index, cell in enumerate(value, 1)}
    if shape == "values" and not isinstance(value, dict | list):
        return {"value": value}
    if shape not in ("lists", "values") and isinstance(value, dict):
        return value
    if value == []:
        return Broken(line, "is an empty list")
    kind = "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else "a single value"
    return Broken(line, f"is {kind}, unlike the rows before it")


def _reason(error: Exception, line: bytes) -> str:
    if len(line) >= LONGEST:
        return f"is longer than {LONGEST >> 20} MiB"
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        return f"is not valid JSON ({error.msg.rstrip('.')}, column {error.colno})"
    return f"is not valid JSON ({error})"


def events(scanner: Scanner) -> Iterator[Event | Broken]:
    """Yield the values of a document one by one, and at the first mistake where it is."""
    try:
        opened = scanner.take("[{", "a list or an object")
        yield from _elements(scanner, None) if opened == "[" else _fields(scanner)
        if scanner.peek():
            yield Broken(scanner.line, "has more after the end of the JSON document")
    except BrokenJson as error:
        yield Broken(error.line, f"is not valid JSON ({error})")
    except UnicodeDecodeError as error:
        yield Broken(scanner.line, f"or one soon after it holds bytes that are not {error.encoding.upper()}")


def _halved(line: int) -> Broken:
    return Broken(line, "holds half a letter (a lone surrogate)")


def _elements(scanner: Scanner, key: str | None) -> Iterator[Event | Broken]:
    """Values up to the closing bracket; the opening one is behind us."""
    if scanner.peek() == "]":
        scanner.take("]", "]")
        return
    while True:
        scanner.peek()
        line = scanner.line
        value = scanner.value()
        yield _halved(line) if value is HALF else Event(key, value, line, True)
        if scanner.take(",]", "',' or ']'") == "]":
            return


def _fields(scanner: Scanner) -> Iterator[Event | Broken]:
    if scanner.peek() == "}":
        scanner.take("}", "}")
        return
    known: set[int] = set()
    while True:
        line = scanner.line
        key = scanner.value() if scanner.peek() == '"' else scanner.take('"', "a name in quotes")
        if hash(key) in known:
            yield Broken(line, f"gives the name '{str(key)[:40]}' a second time")
        if len(known) < MOST_NAMES:
            known.add(hash(key))
        scanner.take(":", "':'")
        if scanner.peek() == "[":
            scanner.take("[", "[")
            if scanner.peek() == "]":
                yield Event(key, [], line, False)
            yield from _elements(scanner, key)
        else:
            value = scanner.value()
            yield _halved(line) if key is HALF or value is HALF else Event(key, value, line, False)
        if scanner.take(",}", "',' or '}'") == "}":
            return


def document(source: Opening) -> tuple[str, Iterator[Item]]:
    """Return the shape of a JSON document and its rows.

    Shapes: `rows` (a list of objects), `wrapped` (such a list inside an object), `lists` (rows are lists), `splits`
    (such rows inside an object), `keyed` (an object of rows), `columns` (an object of lists), `object` (one row) and
    `values` (no rows at all).
    """
    stream = events(Scanner(source.letters()))
    first = list(islice(stream, PEEK))
    seen = [event for event in first if isinstance(event, Event)]
    shape = shape_of(seen, len(first) < PEEK)
    whole = chain(first, stream)
    if shape in ("object", "columns"):
        return shape, _assembled(whole, shape)
    return shape, _rows(whole, shape)


def _rows(whole: Iterator[Event | Broken], shape: str) -> Iterator[Item]:
    shapes = {"splits": "lists", "keyed": "rows", "wrapped": "rows"}
    for event in whole:
        if isinstance(event, Broken):
            yield event
        elif event.element or shape == "keyed":
            yield as_row(event.value, shapes.get(shape, shape), event.line)


def shape_of(seen: list[Event], complete: bool) -> str:
    """Name the shape of a document by its first values."""
    elements = [event for event in seen if event.element]
    kinds = {type(event.value) if isinstance(event.value, dict | list) else str for event in elements}
    if not elements:
        plain = [event.value for event in seen]
        return "keyed" if len(plain) > 1 and all(isinstance(value, dict) for value in plain) else "object"
    if elements[0].key is None:
        return "rows" if dict in kinds else "lists" if list in kinds else "values"
    keys = {event.key for event in elements}
    if dict in kinds:
        return "object" if keys <= _CHAT or len(seen) - len(elements) > len(elements) else "wrapped"
    if list in kinds:
        return "splits"
    alone = len(keys) == 1 and complete
    return "values" if alone and len(seen) == len(elements) else "object" if len(seen) > len(elements) else "columns"


def _assembled(whole: Iterator[Event | Broken], shape: str, limit: int = 200_000) -> Iterator[Item]:
    """One row, or rows out of columns; a document of this kind is held in memory up to a limit."""
    fields: Row = {}
    for count, event in enumerate(whole):
        if isinstance(event, Broken):
            yield event
            return
        if count >= limit:
            yield Broken(event.line, "goes on for too long in this form; write one JSON object a line")
            return
        if event.element:
            fields.setdefault(event.key or "", []).append(event.value)
        else:
            fields[event.key or ""] = event.value
    if shape == "columns":
        yield from _zipped(fields)
    elif fields:
        yield fields


def _zipped(fields: dict[str, list[Any]]) -> Iterator[Item]:
    sizes = {name: len(cells) for name, cells in fields.items()}
    if len(set(sizes.values())) > 1:
        yield Broken(1, f"begins columns of different lengths ({', '.join(f'{k}: {v}' for k, v in sizes.items())})")
        return
    for cells in zip(*fields.values(), strict=True):
        yield dict(zip(fields, cells, strict=True))
