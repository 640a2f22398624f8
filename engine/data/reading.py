"""How a training is to read the files, as fields of the run: what the look found out is what the script does."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from engine.data.facts import Suit
from engine.data.rows import CSV_SUFFIXES, JSON_SUFFIXES, TEXT_SUFFIXES, Reading

Fields = dict[str, Any]
LIBRARY: Fields = {}
READERS = {"jsonl": "lines", "json": "document", "table": "table", "text": "text"}


def fields_of(readings: Sequence[Reading], *, local: bool) -> Fields | None:
    """Return the fields of `data` under which a training reads these files; None where no one way reads all of them.

    What is not on this machine under its own path is left to the library.
    """
    each = [_fields(reading) for reading in readings]
    if not local:
        return (
            LIBRARY
            if all(reading.encoding in ("", "utf-8") and reading.shape == "rows" for reading in readings)
            else None
        )
    return each[0] if all(fields == each[0] for fields in each) else None


def readable(
    goals: Sequence[Suit], readings: Sequence[Reading], fields: Fields | None, *, local: bool
) -> tuple[Suit, ...]:
    """Return the goals with the fields that each needs: a conversion gets rows as they stand, without Arrow's types."""
    if fields is None:
        return ()
    raw = [_named(each) if each.kind in ("jsonl", "json") else _fields(each) for each in readings]
    converting = raw[0] if local and all(each == raw[0] for each in raw) else fields
    return tuple(replace(goal, reading=dict(fields if goal.convert == "none" else converting)) for goal in goals)


def _fields(reading: Reading) -> Fields:
    return LIBRARY if _usual(reading) else _named(reading)


def _usual(reading: Reading) -> bool:
    """Whether the library reads the file as it was read here; of a table it would guess types, and 007 become 7."""
    if reading.kind in ("parquet", "arrow"):
        return True
    usual = {"jsonl": JSON_SUFFIXES, "json": JSON_SUFFIXES, "text": TEXT_SUFFIXES}.get(reading.kind, ())
    named = reading.suffix in usual or (
        reading.kind == "text" and reading.suffix not in (*JSON_SUFFIXES, *CSV_SUFFIXES)
    )
    return named and reading.encoding == "utf-8" and reading.shape == "rows" and reading.compression != ".zst"


def _named(reading: Reading) -> Fields:
    fields: Fields = {"reader": READERS[reading.kind]}
    if reading.encoding != "utf-8":
        fields["encoding"] = reading.encoding
    if reading.kind == "json" and reading.shape != "rows":
        fields["layout"] = reading.shape
    if reading.kind == "table":
        usual = {"delimiter": ",", "quoted": True, "header": True}
        found = {"delimiter": reading.delimiter, "quoted": reading.quoted, "header": reading.header}
        fields |= {name: value for name, value in found.items() if value != usual[name]}
    return fields
