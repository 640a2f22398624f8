"""Files of every form with mistakes of every kind, and what must be true of each look at them."""

import csv
import io
import json
import random
from pathlib import Path
from typing import Any

from engine.data import look
from engine.data.jsons import Broken
from engine.data.reading import READERS
from engine.data.rows import Reading, read
from engine.problem import Problem
from engine.recipes.parts import encoding, opened
from engine.recipes.parts.reader import document, lines, table, text

SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".txt", ".dat", ".jsonl.gz", ".parquet")
TEXTS = ("", "a", " ", "Who?", "Käthe", "é", "\u2028", "\x00", "\ufeff", "null", "1", "007", '"', "a,b", "a\tb", "x;y", "\n", "\r\n", "\\", "{", "[1]", "NaN", "日本語", "😀", "user", "=1+1")  # fmt: skip
NAMES = ("prompt", "completion", "text", "label", "messages", "a", "", "é", "question", "context", "Answer", " x")
BYTES = (b"\xff", b"\x00", b"\xef\xbb\xbf", b"\xff\xfe", b"\r", b"\n", b"\n\n", b'"', b",", b"{", b"}", b"[", b"]", b"\\u", b"\\ud800", b"NaN", b"\x1f\x8b", b"1e999", b"\t", b";", b"\x85", b"null")  # fmt: skip


def value(chance: random.Random, depth: int = 2) -> Any:
    """A value of JSON."""
    kind = chance.randrange(8 if depth else 6)
    if kind < 3:
        return "".join(chance.choices(TEXTS, k=chance.randrange(1, 4)))
    if kind == 6:
        return [value(chance, depth - 1) for _ in range(chance.randrange(4))]
    if kind == 7:
        return {chance.choice(NAMES): value(chance, depth - 1) for _ in range(chance.randrange(4))}
    return chance.choice([None, True, 0, -1, 2.5, 10**20, 1e300])


def content(chance: random.Random) -> bytes:
    """A file as somebody might have written it, whole."""
    names = chance.sample(NAMES, chance.randrange(1, 4))
    rows = [{name: value(chance) for name in names} for _ in range(chance.randrange(1, 9))]
    form = chance.randrange(7)
    if form == 0:
        text = "".join(
            json.dumps(row, ensure_ascii=chance.random() < 0.5) + chance.choice(["\n", "\r\n"]) for row in rows
        )
    elif form == 1:
        text = json.dumps(rows, indent=chance.choice([None, 1]), ensure_ascii=chance.random() < 0.5)
    elif form == 2:
        text = json.dumps({"data": rows, "version": 1}, indent=chance.choice([None, 2]))
    elif form == 3:
        text = json.dumps({f"k{n}": row for n, row in enumerate(rows)})
    elif form == 4:
        text = "\n".join(json.dumps(list(row.values())) for row in rows)
    elif form == 5:
        found = io.StringIO()
        writer = csv.writer(found, delimiter=chance.choice(",;\t|"), lineterminator=chance.choice(["\n", "\r\n"]))
        writer.writerows([names, *([str(cell) for cell in row.values()] for row in rows)])
        text = found.getvalue()
    else:
        text = "\n".join(chance.choices(TEXTS, k=9))
    return text.encode(chance.choice(["utf-8"] * 5 + ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"]), "surrogatepass")


def spoiled(raw: bytes, chance: random.Random) -> bytes:
    """The file with a few mistakes: something put in, taken out, doubled or turned."""
    for _ in range(chance.randrange(4)):
        at, length = chance.randrange(len(raw) + 1), chance.choice([1, 2, 9, 40])
        kind = chance.randrange(4)
        if kind == 0:
            raw = raw[:at] + chance.choice(BYTES) + raw[at:]
        elif kind == 1:
            raw = raw[:at] + raw[at + length :]
        elif kind == 2:
            raw = raw[:at] + raw[at : at + length] * 2 + raw[at + length :]
        elif raw[at : at + 1]:
            raw = raw[:at] + bytes([raw[at] ^ (1 << chance.randrange(8))]) + raw[at + 1 :]
    return raw


def as_trained(path: Path, reading: Reading) -> list[dict[str, Any]]:
    """The rows that a script would read from a file that was read in this way."""
    opened.ENCODING = encoding.ENCODING = reading.encoding
    document.LAYOUT = reading.shape
    table.DELIMITER, table.QUOTED, table.HEADER = reading.delimiter, reading.quoted, reading.header
    part = {"lines": lines, "document": document, "table": table, "text": text}[READERS[reading.kind]]
    return [dict(row) for row in part.load(str(path))]


def check_look(path: Path) -> str:
    """Look at a file: a Problem of one sentence, or facts, and where nothing is broken the rows of the script."""
    try:
        facts = look(str(path))
    except Problem as problem:
        assert "\n" not in problem.sentence
        assert len(problem.sentence) < 1000
        return "refused"
    json.dumps(facts.examples)
    if any(problem.code == "broken_row" for problem in facts.problems):
        return "broken"
    reading = read(path)
    seen = list(reading.items)
    assert not any(isinstance(row, Broken) for row in seen)
    if reading.kind in READERS and reading.shape != "values":
        got = as_trained(path, reading)
        assert got == seen, next(((a, b) for a, b in zip(got, seen, strict=False) if a != b), (len(got), len(seen)))
        return "the same"
    return "seen"
