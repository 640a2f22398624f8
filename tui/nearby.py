"""Data files that lie near the working directory, so that the newest can be offered first."""

import os
from pathlib import Path

from textual.content import Content

from tui.words import place, size

SUFFIXES = frozenset({".jsonl", ".json", ".csv", ".tsv", ".parquet", ".txt"})
SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "runs", "output"})
NO_DATA = frozenset({"config.json", "tokenizer.json", "package.json", "requirements.txt", "constraints.txt"})
DEPTH = 2
LOOKED_AT = 400
SHOWN = 8


def data_files(top: Path) -> list[tuple[Path, int]]:
    """Return up to eight data files of a folder and two levels below with their bytes, the newest first."""
    queue, found = [(top, 0)], []
    for _ in range(LOOKED_AT):
        if not queue:
            break
        folder, depth = queue.pop(0)
        if depth and (folder / "config.json").exists():
            continue
        files, folders = _entries(folder)
        found += files
        queue += [(inner, depth + 1) for inner in folders if depth < DEPTH]
    newest = sorted(found, key=lambda entry: entry[1].st_mtime, reverse=True)[:SHOWN]
    return [(path, status.st_size) for path, status in newest]


def file_line(path: Path, count: int, width: int, _: int) -> Content:
    """Return a file and its size as a line of a list."""
    return Content.assemble(place(path).ljust(width), (f"  {size(count)}", "$foreground-muted"))


def _entries(folder: Path) -> tuple[list[tuple[Path, os.stat_result]], list[Path]]:
    files, folders = [], []
    try:
        for entry in sorted(folder.iterdir()):
            if entry.name.startswith(".") or entry.name in SKIPPED or entry.is_symlink():
                continue
            if entry.is_dir():
                folders.append(entry)
            elif (
                entry.suffix.lower() in SUFFIXES
                and entry.name not in NO_DATA
                and not entry.name.endswith("_config.json")
            ):
                files.append((entry, entry.stat()))
    except OSError:
        return files, folders
    return files, folders
