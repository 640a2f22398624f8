"""The rows lie in the files that match a pattern, such as data/train-*.jsonl."""

from pathlib import Path

from engine.recipes.parts.data.files_read import files_read


def files_of(source: str) -> list[str]:
    """Return the files that match, in the order of their names, and remember that they were read."""
    path = Path(source)
    found = Path(path.anchor).glob(str(path.relative_to(path.anchor)))
    files = sorted(str(file) for file in found if file.is_file())
    files_read().update(dict.fromkeys(files))
    return files
