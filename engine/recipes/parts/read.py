"""Rows as the library reads them."""

from typing import Any

from datasets import Dataset, load_dataset

from engine.recipes.parts.files import ending, files_of
from engine.recipes.parts.plain_texts import is_text


def read(source: str) -> Dataset:
    """Return the rows of a file, of a folder of files, of a pattern, or of a hub data set; a line of text is a row."""
    files = files_of(source)
    if not files:
        return load_dataset(source, split="train")
    suffix = ending(files[0])
    named = {".parquet": "parquet", ".arrow": "arrow", ".csv": "csv", ".tsv": "csv", ".tab": "csv"}
    kind = "text" if is_text(files[0]) else named.get(suffix, "json")
    options: dict[str, Any] = {"keep_default_na": False} if kind == "csv" else {}
    if suffix in (".tsv", ".tab"):
        options["delimiter"] = "\t"
    return load_dataset(kind, data_files=files, split="train", **options)
