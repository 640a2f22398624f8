"""The one kind of failure that a person sees: what is wrong, where, and what to do."""

import difflib
from collections.abc import Iterable


class Problem(Exception):
    """A failure that carries its own help; `str()` is one sentence with the place and the remedy."""

    def __init__(self, what: str, *, where: str = "", advice: str = "", code: str = "problem") -> None:
        """`what` is wrong, `where` (a file, a line, a key), `advice` says what to do; `code` is stable for programs."""
        self.what = what
        self.where = where
        self.advice = advice
        self.code = code
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """Return the whole message in one sentence: where, what, and the advice after a semicolon."""
        place = f"{self.where}: " if self.where else ""
        remedy = f"; {self.advice}" if self.advice else ""
        return f"{place}{self.what}{remedy}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `did you mean X?`, or the list of known names when nothing is close."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(names)}"
