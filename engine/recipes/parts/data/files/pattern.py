"""The rows lie in the files that match a pattern, such as data/train-*.jsonl."""

from pathlib import Path


def files_of(source: str) -> list[str]:
    """Return the files that match, in the order of their names."""
    path = Path(source)
    found = Path(path.anchor).glob(str(path.relative_to(path.anchor)))
    return sorted(str(file) for file in found if file.is_file())
