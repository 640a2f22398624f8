"""Rows as the library reads them, whatever they lie in."""

from typing import Any

from datasets import Dataset, load_dataset

from engine.recipes.parts.data.ending import ending
from engine.recipes.parts.data.files.general import files_of
from engine.recipes.parts.data.plain_text_files import is_text


def read(source: str) -> Dataset:
    """Return the rows of a file, a folder of files, a pattern, a hub data set or some of its files (owner/name/test-*).

    A line of text is a row.
    """
    files = files_of(source)
    if not files:
        owner, *inside = source.split("/", 2)
        chosen: dict[str, Any] = {"data_files": inside[1]} if owner and inside[1:] else {}
        return load_dataset(f"{owner}/{inside[0]}" if chosen else source, split="train", **chosen)
    suffix = ending(files[0])
    named = {".parquet": "parquet", ".arrow": "arrow", ".csv": "csv", ".tsv": "csv", ".tab": "csv"}
    kind = "text" if is_text(files[0]) else named.get(suffix, "json")
    options: dict[str, Any] = {"keep_default_na": False} if kind == "csv" else {}
    if suffix in (".tsv", ".tab"):
        options["delimiter"] = "\t"
    return load_dataset(kind, data_files=files, split="train", **options)
