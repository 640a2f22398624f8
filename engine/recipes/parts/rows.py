"""The rows: read, reduced to the columns that matter, and split into training and test."""

import random
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from datasets import Dataset, load_dataset

from engine.recipes.parts.begin import SEED

TRAIN: str = "pairs.jsonl"  # a file, a folder of files, or a hub id
TEST: str = ""  # a file of test rows; empty: a share of the training rows is held out
TEST_FRACTION: float = 0.1  # share of the rows that is held out for the test
GROUP: str = ""  # a column whose equal values stay together: one document is never in both train and test
COLUMNS: dict[str, str] = {}  # which column plays which role


def files_of(source: str) -> list[str]:
    """Return the data files of a file, a folder or a pattern; a folder's model card and hidden files are none."""
    path = Path(source)
    if path.is_file():
        return [source]
    found = path.rglob("*") if path.is_dir() else Path(path.anchor).glob(str(path.relative_to(path.anchor)))
    named = (file for file in found if file.is_file() and not file.name.startswith((".", "README", "LICENSE")))
    return sorted(str(file) for file in named)


def read(source: str) -> Dataset:
    """Return the rows of a file, of a folder of files, of a pattern, or of a hub data set."""
    files = files_of(source)
    if not files:
        return load_dataset(source, split="train")
    suffix = next(ending for ending in reversed(Path(files[0]).suffixes) if ending not in (".gz", ".zst"))
    kind = {".tsv": "csv", ".parquet": "parquet", ".arrow": "arrow", ".csv": "csv", ".txt": "text", ".md": "text"}
    options: dict[str, Any] = {"keep_default_na": False} if suffix in (".csv", ".tsv") else {}
    if suffix == ".tsv":
        options["delimiter"] = "\t"
    return load_dataset(kind.get(suffix, "json"), data_files=files, split="train", **options)


def is_empty(value: Any) -> bool:
    """Return whether a field holds nothing; 0 and False are values."""
    return value is None or value == "" or value == []


def roles(rows: Dataset) -> Dataset:
    """Return the columns that play a role, under the role's name; rows with an empty one are left out."""
    named = rows.select_columns(list(COLUMNS.values())).rename_columns({name: role for role, name in COLUMNS.items()})
    optional = {"input", "tools"}
    whole = named.filter(lambda row: not any(is_empty(row[role]) for role in COLUMNS if role not in optional))
    if len(whole) < len(named):
        print(f"{len(named) - len(whole)} of {len(named)} rows have an empty field and are left out")
    return whole


def split(rows: Dataset, role: str = "") -> tuple[Dataset, Dataset]:
    """Return training and test rows; equal values of the group column, or single rows, are drawn at random.

    Every value of `role` that has two rows or groups gets its share of the test, and keeps some in the training.
    """
    keys = [str(value) for value in rows[GROUP]] if GROUP else [str(index) for index in range(len(rows))]
    kinds = [str(value) for value in rows[COLUMNS[role]]] if role else [""] * len(rows)
    sizes: dict[str, Counter[str]] = defaultdict(Counter)
    for key, kind in zip(keys, kinds, strict=True):
        sizes[key][kind] += 1
    remaining = Counter(kinds)
    wanted = Counter({kind: max(1, round(TEST_FRACTION * size)) for kind, size in remaining.items()})
    drawn = sorted(sizes)
    random.Random(SEED).shuffle(drawn)
    held_out: set[str] = set()
    for key in reversed(drawn):
        own = sizes[key]
        if any(wanted[kind] > 0 for kind in own) and all(size < remaining[kind] for kind, size in own.items()):
            held_out.add(key)
            remaining.subtract(own)
            wanted.subtract(own)
    return (
        rows.select([index for index, key in enumerate(keys) if key not in held_out]),
        rows.select([index for index, key in enumerate(keys) if key in held_out]),
    )


def read_rows(role: str = "") -> tuple[Dataset, Dataset]:
    """Return training and test rows with the columns that play a role; see `split` for the values of one role."""
    train, test = (read(TRAIN), read(TEST)) if TEST else split(read(TRAIN), role)
    return roles(train), roles(test)
