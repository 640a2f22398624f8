"""What a person writes about a run: one line, with #tags in it, in a file of its own that no training touches."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from engine.problem import Problem
from engine.safe_files import open_regular, remove, write

if TYPE_CHECKING:
    from engine.listing import Summary

NOTE = "note.txt"
LONGEST = 400
"""Characters of a note; what is longer belongs into a file of one's own."""
TAG = re.compile(r"#(\w[\w.-]*)")


def note(folder: Path) -> str:
    """Return what was written about a run, or nothing."""
    try:
        with open_regular(folder / NOTE) as file:
            return _line(file.read(4 * LONGEST).decode("utf-8", "replace")[:LONGEST])
    except OSError:
        return ""


def write_note(folder: Path, text: str) -> None:
    """Keep a line about a run in the place of the one before; an empty one takes it away. Raises Problem."""
    line = _line(text)
    if len(line) > LONGEST:
        raise Problem(f"a note has {LONGEST} characters at most (it has {len(line)})", advice="shorten it")
    try:
        if line:
            write(folder, NOTE, f"{line}\n".encode("utf-8", "replace"))
        else:
            remove(folder, NOTE)
    except OSError as error:
        what = f"the note can't be written ({error.strerror})"
        raise Problem(what, where=str(folder / NOTE), advice="see who owns the run's folder") from None


def tags(text: str) -> tuple[str, ...]:
    """Return the words of a note that begin with #, without it."""
    return tuple(dict.fromkeys(TAG.findall(text)))


def matches(summary: "Summary", words: str) -> bool:
    """Say whether every word stands somewhere in a run's line or its note; #tag must be a whole tag."""
    line = " ".join((summary.name, summary.state, summary.goal, summary.model, summary.note)).casefold()
    known = {tag.casefold() for tag in summary.tags}
    return all(word[1:] in known if word.startswith("#") else word in line for word in words.casefold().split())


def _line(text: str) -> str:
    return " ".join(text.split())
