"""Tables as text (csv, tsv): what divides the cells, whether the first line names the columns, and the rows."""

import csv
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from engine.data.jsons import Broken, Item
from engine.data.opening import Opening
from engine.problem import Problem

CELL = 1 << 24
"""Longest cell of a table in letters; a quote that is never closed ends here."""
GLANCE = 200
"""Rows that are held against the first line."""
_NAMES = """
text label labels category class prompt completion question answer query passage context instruction
input output response title content body message sentence sentence1 sentence2 premise hypothesis anchor
positive negative id score chosen rejected name date url source index target intent sentiment review
comment rating topic lang frage antwort pregunta respuesta texto etiqueta texte
"""
KNOWN = frozenset(_NAMES.split())
"""Words that name a column wherever they stand in a first line."""


def delimiter(source: Opening, first: bytes) -> str:
    """Return what divides the cells of the first line."""
    if source.suffix in (".tsv", ".tab"):
        return "\t"
    header = re.sub(r'"[^"]*"', "", first.decode("utf-8", "ignore"))
    best = max(",\t;|", key=header.count)
    return best if header.count(best) else ","


def quoted(source: Opening, between: str) -> bool:
    """Return whether cells may stand in quotes; in a tab-separated file quotes are plain letters unless they pair."""
    text = source.head.decode(source.encoding, "ignore")
    return between != "\t" or bool(re.search(r'(^|\t)"[^"\t]*"(\t|\r?$)', text, re.MULTILINE))


def _cells(source: Opening, between: str, stream: Any) -> Any:
    quoting: Any = csv.QUOTE_MINIMAL if quoted(source, between) else csv.QUOTE_NONE
    csv.field_size_limit(CELL)
    return csv.reader(stream, delimiter=between, quoting=quoting, strict=True)


def names(source: Opening, between: str) -> list[str] | None:
    """Return names for the columns of a table whose first line is a row like all others, None where it has names."""
    with source.letters() as stream:
        try:
            rows = list(islice((cells for cells in _cells(source, between, stream) if cells), GLANCE))
        except (csv.Error, UnicodeError):
            return None
    if len(rows) < 2 or not _is_row(rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]):
        return None
    return [f"column_{place}" for place in range(1, len(rows[0]) + 1)]


def _is_row(first: list[str], others: list[list[str]]) -> bool:
    """Tell a first row from names: it reads like a sentence, is a number, or names a class that others have as well."""
    if not others or any(re.sub(r"[^a-z0-9]", "", cell.lower()) in KNOWN for cell in first):
        return False
    columns = list(zip(*others, strict=True))
    numbers = [all(map(_is_number, column)) for column in columns]
    if any(number and not _is_number(cell) for number, cell in zip(numbers, first, strict=True)):
        return False  # numbers below a word: the word names them
    if all(map(_is_number, first)):
        return True
    sentence = any(len(cell) > 60 or cell.rstrip().endswith(("?", ".", "!", "。", "？")) for cell in first)
    repeated = any(
        cell.strip() and cell in column and len(set(column)) <= max(2, len(column) // 2)
        for cell, column in zip(first, columns, strict=True)
    )
    number = any(number and _is_number(cell) for number, cell in zip(numbers, first, strict=True))
    return sentence or repeated or number


def _is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"\s*[-+]?\d+([.,]\d+)?\s*", cell))


def rows(source: Opening, between: str, known: list[str] | None) -> Iterator[Item]:
    """Yield the rows of a table, and every broken place with its line."""
    with source.letters() as stream:
        reader = _cells(source, between, stream)
        header = known or _header(reader, source.path)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Broken(line, f"is no valid row of a table ({error})")
                if "limit" in str(error):
                    return
                continue
            if len(cells) == len(header):
                yield dict(zip(header, cells, strict=True))
            elif cells:
                yield Broken(line, f"has {len(cells)} cells where the first line has {len(header)}")


def _header(reader: Iterator[list[str]], path: Path) -> list[str]:
    """Return the names in the first line that is not blank; they must differ, or cells would be lost."""
    try:
        cells = next((cells for cells in reader if cells), [])
    except csv.Error as error:
        raise Problem(f"the line of column names is broken ({error})", where=str(path), code="no_header") from error
    if not cells:
        raise Problem("the file holds no rows", where=str(path), advice="give a file with rows in it", code="empty")
    # A nameless column is called as pandas calls it, which is what a training reads the file with.
    named = [name if name.strip() else f"Unnamed: {index}" for index, name in enumerate(cells)]
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice is not None:
        what = f"two columns are called '{twice}'"
        advice = "give every column its own name in the first line"
        raise Problem(what, where=f"{path}, line 1", advice=advice, code="no_header")
    return named
