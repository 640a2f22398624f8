"""Which files are plain texts."""

from engine.recipes.parts.data.ending import ending


def is_text(file: str) -> bool:
    """Return whether a file is a plain text, and no table."""
    return ending(file)[1:] not in ("json", "jsonl", "ndjson", "csv", "tsv", "tab", "parquet", "arrow")
