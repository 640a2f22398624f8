"""Rows are read as the run says, converted where it says so, and kept in the library's cache."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datasets import Dataset

from engine.recipes.parts.convert.none import converted
from engine.recipes.parts.data.files.general import files_of
from engine.recipes.parts.dropped import set_aside
from engine.recipes.parts.reader.library import load
from engine.recipes.parts.unfit.none import why_unfit


def all_converted(source: str, aside: bool) -> Iterator[dict[str, Any]]:
    """Yield all rows after the conversion; rows that give nothing are written down where `aside` says so."""
    pulled: list[tuple[int, dict[str, Any]]] = []

    def pull() -> Iterator[dict[str, Any]]:
        for number, row in enumerate(load(source), 1):
            reason = why_unfit(row)
            if reason and aside:
                set_aside(reason, source, number, row)
            if reason:
                continue
            pulled.append((number, row))
            yield row

    for new in converted(pull()):
        barren = pulled[:-1]  # only the last one that was read has become something
        pulled.clear()
        for number, row in barren if aside else ():
            set_aside("nothing_in_it", source, number, row)
        yield new
    for number, row in pulled if aside else ():
        set_aside("nothing_in_it", source, number, row)


def made(source: str, names: str, changed: str) -> Iterator[dict[str, Any]]:
    """Yield every row with all columns; `changed` tells a file from what it was before."""
    assert changed
    for row in all_converted(source, aside=False):
        yield {name: row.get(name) for name in names.split("\n")}


def source_rows(source: str) -> Dataset:
    """Return the rows of a source; the cache holds them, so that they need not fit in memory."""
    names = "\n".join(dict.fromkeys(name for row in all_converted(source, aside=True) for name in row))
    if not names:
        raise ValueError(f"{source} holds no row that can be learned: correct data.convert, or the rows")
    changed = str([source, *((file, Path(file).stat().st_mtime_ns) for file in files_of(source))])
    return Dataset.from_generator(made, gen_kwargs={"source": source, "names": names, "changed": changed})
