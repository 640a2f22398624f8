"""What is broken is named, in one sentence and with its place: no traceback, nothing read wrongly in silence."""

import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.data import DataFacts, look
from engine.problem import Problem

ROWS = [{"prompt": f"Who lives in house {n}?", "completion": f"In house {n} lives a baker."} for n in range(40)]
LINES = [json.dumps(row).encode() for row in ROWS]
CELLS = [f"Who lives in house {n}?,In house {n} lives a baker.".encode() for n in range(40)]
KOELN = '{"prompt": "Köln?", "completion": "Käthe"}'.encode()
WHOLE = json.dumps(ROWS).encode()
TABLE = b"prompt,completion\n"


def joined(*lines: bytes) -> bytes:
    return b"\n".join(lines) + b"\n"


def parquet(rows: list[dict[str, Any]] = ROWS) -> bytes:
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    found = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), found)
    return found.getvalue()


def arrow() -> bytes:
    import io

    import pyarrow as pa

    found = io.BytesIO()
    table = pa.Table.from_pylist(ROWS)
    with pa.ipc.new_file(found, table.schema) as writer:
        writer.write_table(table)
    return found.getvalue()


def zst(text: bytes) -> bytes:
    import pyarrow as pa

    return pa.compress(text, codec="zstd", asbytes=True)


# (name of the file, its bytes, the code of the problem that is raised)
REFUSED: dict[str, tuple[str, bytes, str]] = {
    "nothing": ("a.jsonl", b"", "empty"),
    "spaces": ("a.jsonl", b" \n\t\n  ", "empty"),
    "a mark alone": ("a.jsonl", b"\xef\xbb\xbf", "empty"),
    "a wide mark alone": ("a.jsonl", b"\xff\xfe", "empty"),
    "an empty list": ("a.json", b"[]", "empty"),
    "an empty object": ("a.json", b"{}", "empty"),
    "a list of empty lists": ("a.json", b"[[], []]", "broken_row"),
    "names alone": ("a.csv", TABLE, "empty"),
    "a bracket": ("a.json", b"[", "broken_row"),
    "a brace": ("a.json", b"{", "broken_row"),
    "null": ("a.json", b"null", "broken_row"),
    "a number": ("a.json", b"42", "broken_row"),
    "words in JSON": ("a.json", b"these are no rows", "broken_row"),
    "words in lines": ("a.jsonl", b"these\nare\nno rows\n", "broken_row"),
    "Python's own writing": ("a.jsonl", b"{'prompt': 'a', 'completion': 'b'}\n" * 9, "broken_row"),
    "JavaScript's own writing": ("a.jsonl", b"{prompt: 1}\n" * 9, "broken_row"),
    "nothing but brackets": ("a.json", b"[" * 200_000, "broken_row"),
    "nothing but braces": ("a.jsonl", b'{"a":' * 100_000, "broken_row"),
    "a quote without end in JSON": ("a.json", b'[{"a": "' + b"x" * 9999, "broken_row"),
    "a zip archive": ("a.jsonl", b"PK\x03\x04" + b"\0" * 99, "not_text"),
    "an office document": ("a.csv", b"PK\x03\x04\x14\0\x06\0" + b"x" * 99, "not_text"),
    "a PDF": ("a.txt", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "not_text"),
    "a picture": ("a.jsonl", b"\x89PNG\r\n\x1a\n" + b"\0" * 64, "not_text"),
    "another picture": ("a.json", b"\xff\xd8\xff\xe0" + b"\0" * 64, "not_text"),
    "a database": ("a.csv", b"SQLite format 3\0" + b"\0" * 99, "not_text"),
    "model weights": ("a.json", b"GGUF\x03\0\0\0" + b"\0" * 99, "not_text"),
    "a pickle": ("a.json", b"\x80\x04\x95\x10\0\0\0\0\0\0\0}\x94.", "not_text"),
    "a bzip2 archive": ("a.jsonl", b"BZh91AY&SY" + b"\x12" * 64, "not_text"),
    "an xz archive": ("a.jsonl", b"\xfd7zXZ\0\0\x04" + b"\x12" * 64, "not_text"),
    "bytes": ("a.bin", bytes(range(256)) * 8, "not_text"),
    "half a gzip head": ("a.jsonl.gz", b"\x1f\x8b\x08", "unreadable"),
    "gzip of nothing": ("a.jsonl.gz", gzip.compress(b""), "empty"),
    "a spoiled gzip": ("a.jsonl.gz", gzip.compress(joined(*LINES))[:12] + b"\xff" * 40, "unreadable"),
    "half a zst": ("a.jsonl.zst", zst(joined(*LINES))[:9], "unreadable"),
    "a Parquet file without its end": ("a.parquet", parquet()[:-20], "unreadable"),
    "a Parquet head alone": ("a.parquet", b"PAR1", "unreadable"),
    "lines called Parquet": ("a.parquet", joined(*LINES), "unreadable"),
    "half an Arrow file": ("a.arrow", arrow()[:60], "unreadable"),
    "words called Arrow": ("a.arrow", b"these are no rows", "unreadable"),
    "a Parquet file without rows": ("a.parquet", parquet([])[:], "empty"),
    "two columns of one name": ("a.csv", b"text,text\na,b\nc,d\n", "no_header"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_holds_no_rows_is_refused_with_one_sentence(case: str, tmp_path: Path) -> None:
    name, content, code = REFUSED[case]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Problem) as caught:
        look(str(path))
    assert caught.value.code == code
    assert "\n" not in caught.value.sentence
    assert len(caught.value.sentence) < 400
    assert name in caught.value.sentence


def bad(lines: list[bytes], *wrong: bytes, at: int = 5) -> bytes:
    return joined(*lines[:at], *wrong, *lines[at:])


# (name of the file, its bytes, rows that are whole, and the lines that are named as broken)
TOLD: dict[str, tuple[str, bytes, int, list[int]]] = {
    "a word": ("a.jsonl", bad(LINES, b"oops"), 40, [6]),
    "half a row": ("a.jsonl", bad(LINES, LINES[0][:20]), 40, [6]),
    "two rows in a line": ("a.jsonl", bad(LINES, LINES[0] + LINES[1]), 40, [6]),
    "two rows with a comma": ("a.jsonl", bad(LINES, LINES[0] + b", " + LINES[1]), 40, [6]),
    "a comma behind every row": ("a.jsonl", bad(LINES, LINES[0] + b","), 40, [6]),
    "a list among rows": ("a.jsonl", bad(LINES, b'["a", "b"]'), 40, [6]),
    "a number among rows": ("a.jsonl", bad(LINES, b"42"), 40, [6]),
    "null among rows": ("a.jsonl", bad(LINES, b"null"), 40, [6]),
    "a text among rows": ("a.jsonl", bad(LINES, b'"a"'), 40, [6]),
    "a bare tab in a text": ("a.jsonl", bad(LINES, b'{"prompt": "a\tb", "completion": "c"}'), 40, [6]),
    "a single quote": ("a.jsonl", bad(LINES, b"{'prompt': 'a'}"), 40, [6]),
    "a comment": ("a.jsonl", bad(LINES, b"// the others follow"), 40, [6]),
    "a merge conflict": ("a.jsonl", bad(LINES, b"<<<<<<< HEAD", b"=======", b">>>>>>> other"), 40, [6, 7, 8]),
    "a comma at the end": ("a.jsonl", bad(LINES, b'{"prompt": "a",}'), 40, [6]),
    "a wrong escape": ("a.jsonl", bad(LINES, b'{"prompt": "\\x41", "completion": "b"}'), 40, [6]),
    "half a surrogate": ("a.jsonl", bad(LINES, b'{"prompt": "\\ud800", "completion": "b"}'), 40, [6]),
    "nothing but depth": ("a.jsonl", bad(LINES, b"[" * 5000), 40, [6]),
    "wrong bytes": ("a.jsonl", bad([*LINES, *[KOELN] * 9], b'{"prompt": "\xff\xfe", "completion": "b"}'), 49, [6]),
    "a cut in the last row": ("a.jsonl", joined(*LINES)[:-20], 39, [40]),
    "a document that is cut off": ("a.json", WHOLE[:-30], 39, [1]),
    "more behind a document": ("a.json", WHOLE + b" [1]", 40, [1]),
    "two documents": ("a.json", WHOLE + WHOLE, 40, [1]),
    "a row without comma": ("a.json", WHOLE.replace(b"}, {", b"} {", 20).replace(b"} {", b"}, {", 19), 20, [1]),
    "a value among rows": ("a.json", b"[" + b", ".join([*LINES, b"42"]) + b"]", 40, [1]),
    "too few cells": ("a.csv", TABLE + bad(CELLS, b"alone"), 40, [7]),
    "too many cells": ("a.csv", TABLE + bad(CELLS, b"a,b,c"), 40, [7]),
    "a letter behind a quote": ("a.csv", TABLE + bad(CELLS, b'"a"b,c'), 40, [7]),
    "a quote without end": ("a.csv", TABLE + joined(*CELLS, b'"open,b'), 40, [42]),
    "too few tabs": ("a.tsv", b"prompt\tcompletion\n" + bad([c.replace(b",", b"\t") for c in CELLS], b"a"), 40, [7]),
    "a gzip that ends early": ("a.jsonl.gz", gzip.compress(joined(*LINES) * 400, mtime=0)[:-9], -1, []),
}


@pytest.mark.parametrize("case", TOLD)
def test_what_is_broken_is_named_and_all_other_rows_are_seen(case: str, tmp_path: Path) -> None:
    name, content, rows, lines = TOLD[case]
    path = tmp_path / name
    path.write_bytes(content)
    facts = look(str(path))
    broken = [problem for problem in facts.problems if problem.code == "broken_row"]
    assert broken
    assert all(problem.severity == "wrong" and "\n" not in problem.message for problem in broken)
    if rows >= 0:
        assert facts.rows == rows
        assert [problem.row for problem in broken] == lines


def seen(facts: DataFacts) -> set[str]:
    return {problem.code for problem in facts.problems}


def doubled(path: Path) -> None:
    path.write_bytes(b'{"prompt": "a", "prompt": "b", "completion": "c"}\n' * 40)


ODD: dict[str, tuple[Callable[[Path], Any], str]] = {
    "rows of two kinds": (lambda path: path.write_bytes(joined(*LINES[:20], *[b'{"q": "a", "a": "b"}'] * 20)), "empty_field"),
    "a column of two kinds": (lambda path: path.write_bytes(joined(*LINES, *[b'{"prompt": 7, "completion": "b"}'] * 20)), "mixed_types"),
    "null in a column": (lambda path: path.write_bytes(joined(*LINES, b'{"prompt": null, "completion": "b"}')), "empty_field"),
    "a missing column": (lambda path: path.write_bytes(joined(*LINES, b'{"prompt": "a"}')), "empty_field"),
    "one row": (lambda path: path.write_bytes(LINES[0]), "one_row"),
    "Latin letters": (lambda path: path.write_text("prompt,completion\nWo?,Köln\n" * 20, encoding="cp1252"), "encoding"),
}  # fmt: skip


@pytest.mark.parametrize("case", ODD)
def test_what_is_odd_is_told(case: str, tmp_path: Path) -> None:
    write, code = ODD[case]
    path = tmp_path / ("a.csv" if case == "Latin letters" else "a.jsonl")
    write(path)
    assert code in seen(look(str(path)))


def test_a_folder_that_may_not_be_read_and_a_link_into_nothing(tmp_path: Path) -> None:
    (tmp_path / "gone.jsonl").symlink_to(tmp_path / "nowhere.jsonl")
    with pytest.raises(Problem, match="no such file"):
        look(str(tmp_path / "gone.jsonl"))


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.jsonl")
    begin = time.monotonic()
    with pytest.raises(Problem) as caught:
        look(str(tmp_path / "pipe.jsonl"))
    assert caught.value.code == "not_a_file"
    assert time.monotonic() - begin < 20
