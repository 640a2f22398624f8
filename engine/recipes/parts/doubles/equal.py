"""Rows that are there twice."""

from collections.abc import Iterable
from hashlib import blake2b


def key_of(*texts: str) -> bytes:
    """Return what equal texts have in common."""
    return blake2b("\0".join(texts).encode("utf-8", "surrogatepass"), digest_size=12).digest()


class Doubles:
    """Remembers the rows of the test, and those that went by, in a few bytes each."""

    def __init__(self, tests: Iterable[dict[str, str]]) -> None:
        """`tests` are the texts of the rows of the test by their roles."""
        self.tests = {key_of(*texts.values()) for texts in tests}
        self.seen: set[bytes] = set()
        self.anchors: dict[bytes, bytes] = {}

    def complaints(self, texts: dict[str, str]) -> list[str]:
        """Return what is there already of a row, and remember it."""
        row, anchor = key_of(*texts.values()), key_of(texts.get("anchor", "").strip())
        other = "positive" in texts and self.anchors.setdefault(key_of(texts["positive"].strip()), anchor) != anchor
        found = {"leakage": row in self.tests, "duplicate_row": row in self.seen, "duplicate_positive": other}
        self.seen.add(row)
        return [code for code, holds in found.items() if holds]
