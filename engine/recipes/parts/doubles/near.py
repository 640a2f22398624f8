"""Rows that are there twice, equal or nearly so."""

import re
from collections.abc import Iterable
from hashlib import blake2b

from rensa import RMinHash, RMinHashLSH


def key_of(*texts: str) -> bytes:
    """Return what equal texts have in common."""
    return blake2b("\0".join(texts).encode("utf-8", "surrogatepass"), digest_size=12).digest()


def jaccard(one: set[str], other: set[str]) -> float:
    """Return the Jaccard similarity of two sets."""
    return len(one & other) / max(1, len(one | other))


class Sketch:
    """The plain texts of a row, of long ones the two ends, and the MinHash of their runs of five letters."""

    def __init__(self, texts: dict[str, str]) -> None:
        """`texts` are those of the row by their roles."""
        plain = [re.sub(r"\s+", " ", text.lower()).strip() for text in texts.values()]
        self.texts = [text if len(text) <= 4000 else f"{text[:2000]} {text[-2000:]}" for text in plain]
        self.minhash = RMinHash(128, 42)
        self.minhash.update(list(set().union(*self.runs())))

    def runs(self) -> list[set[str]]:
        """Return the runs of five letters of every role."""
        return [{text[place : place + 5] for place in range(max(1, len(text) - 4))} for text in self.texts]

    def words(self) -> set[str]:
        """Return the different words."""
        return {word for text in self.texts for word in text.split()}

    def near(self, other: "Sketch") -> bool:
        """Return whether rows share four fifths of their runs or words, and no role of them says something else."""
        mine, theirs, words = self.runs(), other.runs(), self.words()
        whole = jaccard(set().union(*mine), set().union(*theirs)) >= 0.8
        alike = whole or (len(words) >= 8 and jaccard(words, other.words()) >= 0.8)
        return alike and all(jaccard(one, two) >= 0.5 for one, two in zip(mine, theirs, strict=True))


class NearSeen:
    """Rows that others are compared with: 32 bands of 4 hashes find those that may be alike."""

    def __init__(self) -> None:
        """Begin with none."""
        self.index = RMinHashLSH(0.8, 128, 32)
        self.rows: list[Sketch] = []

    def has(self, row: Sketch) -> bool:
        """Return whether a row like this one was seen."""
        found = [self.rows[key] for key in self.index.query(row.minhash)[:500]]
        if len(found) > 8:
            found.sort(key=lambda other: -row.minhash.jaccard(other.minhash))
        return any(map(row.near, found[:8]))

    def add(self, row: Sketch) -> None:
        """Remember a row while there is room, unless hundreds like it are known: a template makes all rows alike."""
        if len(self.rows) < 100_000 and len(self.index.query(row.minhash)) < 500:
            self.index.insert(len(self.rows), row.minhash)
            self.rows.append(row)


class Doubles:
    """Remembers the rows of the test, and those that went by."""

    def __init__(self, tests: Iterable[dict[str, str]]) -> None:
        """`tests` are the texts of the rows of the test by their roles."""
        self.tests: set[bytes] = set()
        self.seen: set[bytes] = set()
        self.anchors: dict[bytes, bytes] = {}
        self.near, self.near_tests = NearSeen(), NearSeen()
        for texts in tests:
            self.tests.add(key_of(*texts.values()))
            self.near_tests.add(Sketch(texts))

    def complaints(self, texts: dict[str, str]) -> list[str]:
        """Return what is there already of a row, and remember it; an equal row is called so, and not near."""
        row, anchor = key_of(*texts.values()), key_of(texts.get("anchor", "").strip())
        other = "positive" in texts and self.anchors.setdefault(key_of(texts["positive"].strip()), anchor) != anchor
        new = row not in self.seen and row not in self.tests
        own = Sketch(texts) if new else None
        found = {
            "leakage": row in self.tests,
            "near_leakage": own is not None and self.near_tests.has(own),
            "duplicate_row": row in self.seen,
            "near_duplicate": own is not None and self.near.has(own),
            "duplicate_positive": other,
        }
        self.seen.add(row)
        if own is not None:
            self.near.add(own)
        return [code for code, holds in found.items() if holds]
