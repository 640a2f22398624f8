"""Plain text: every line that holds something is a row."""

from collections.abc import Iterator

from engine.recipes.parts.data.files.general import files_of
from engine.recipes.parts.opened import opened


def load(source: str) -> Iterator[dict[str, str]]:
    """Yield the lines of all files of a source."""
    for file in files_of(source):
        with opened(file, "\n") as stream:
            yield from ({"text": line.rstrip("\r\n")} for line in stream if line.strip())
