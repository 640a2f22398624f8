"""Bytes and letters of a file: compression and encoding by content, and a clear word on what is no text."""

import codecs
import gzip
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from engine.problem import Problem

HEAD = 1 << 16
LONGEST = 1 << 26
"""Longest line or JSON value that is held in memory, in bytes: the bound on what a look costs."""

DAMAGE = (UnicodeDecodeError, EOFError, OSError, zlib.error)
"""What reading raises when a file is damaged, cut off or out of reach."""

COMPRESSED = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}
TABLES = {b"PAR1": ".parquet", b"ARROW1": ".arrow", b"\xff\xff\xff\xff": ".arrow"}
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
STRANGERS = {
    b"PK\x03\x04": "a zip archive or an office document|unpack it, or save the sheet as CSV",
    b"%PDF": "a PDF|extract its text first",
    b"\x89PNG": "a picture|give a file with text in it",
    b"\xff\xd8\xff": "a picture|give a file with text in it",
    b"SQLite format 3": "an SQLite database|export the table as CSV",
    b"GGUF": "model weights|give the data, not the model",
    b"\x80\x04": "a Python pickle|write the rows as JSON lines",
    b"\x80\x05": "a Python pickle|write the rows as JSON lines",
    b"7z\xbc\xaf": "a 7z archive|unpack it first",
    b"BZh": "a bzip2 archive|unpack it first, or use gz",
    b"\xfd7zXZ": "an xz archive|unpack it first, or use gz",
}


@dataclass(frozen=True, slots=True)
class Opening:
    """A file whose first bytes were seen: `suffix` is that of the content's name, without .gz or .zst."""

    path: Path
    suffix: str
    compression: str
    encoding: str
    head: bytes

    def bytes(self) -> BinaryIO:
        """Return the decompressed bytes from the start."""
        return _decompressed(self.path, self.compression)

    def letters(self) -> io.TextIOWrapper:
        """Return the text from the start, with its line ends as they are."""
        return io.TextIOWrapper(self.bytes(), encoding=self.encoding, newline="")


def opening(path: Path) -> Opening:
    """Look at the first bytes of a file; raises Problem when it is empty, unreadable or no text."""
    if not path.is_file():
        raise Problem("this is no ordinary file", where=str(path), advice="give a file or a folder", code="not_a_file")
    try:
        with path.open("rb") as raw:
            compression = _match(raw.read(8), COMPRESSED)
        with _decompressed(path, compression) as stream:
            head = stream.read(HEAD)
    except DAMAGE as error:
        raise Problem(f"the file cannot be read ({error})", where=str(path), code="unreadable") from error
    if not head.strip():
        raise Problem("the file is empty", where=str(path), advice="give a file with rows in it", code="empty")
    table = _match(head, TABLES)
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in COMPRESSED.values()]
    suffix = table or (suffixes[-1] if suffixes else "")
    return Opening(path, suffix, compression, "" if table else _encoding(head, path), head)


def _match(head: bytes, known: dict[bytes, str]) -> str:
    return next((name for magic, name in known.items() if head.startswith(magic)), "")


def _decompressed(path: Path, compression: str) -> BinaryIO:
    if compression == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    if compression == ".zst":
        import pyarrow as pa

        return io.BufferedReader(pa.input_stream(str(path), compression="zstd"))
    return path.open("rb")


def _encoding(head: bytes, path: Path) -> str:
    """Name the encoding of text by its first bytes; raises Problem for what is no text."""
    marked = next((name for mark, name in MARKS if head.startswith(mark)), "")
    if marked:
        return marked
    stranger = _match(head, STRANGERS)
    if stranger:
        what, advice = stranger.split("|")
        raise Problem(f"this is {what}, not text", where=str(path), advice=advice, code="not_text")
    if b"\0" in head:
        return _wide(head, path)
    return _narrow(head)


def _wide(head: bytes, path: Path) -> str:
    """UTF-16 without a mark has a zero in every other byte of western text."""
    for first, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = head[first::2].count(0), head[1 - first :: 2].count(0)
        if zeros > len(head) * 0.2 and not others:
            return name
    raise Problem(
        "this is binary, not text",
        where=str(path),
        advice="give json, jsonl, csv, tsv, parquet, arrow, txt or md",
        code="not_text",
    )


def _narrow(head: bytes) -> str:
    """Name UTF-8 where it is whole, or spoiled in fewer places than it is right: those places are told as broken."""
    text = head.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    if sum(not letter.isascii() for letter in text) > 2 * lost:
        return "utf-8"
    for name in ("utf-8", "cp1252"):
        try:
            codecs.getincrementaldecoder(name)().decode(head)
        except UnicodeDecodeError:
            continue
        return name
    return "latin-1"
