"""Rows that are there twice: equal, or nearly so, within the training rows and between training and test.

Near duplicates are found by MinHash (Broder 1997) in 32 bands of 4, which miss less than one in a million pairs at a
Jaccard similarity of 0.8, and every candidate is then compared exactly: by runs of five letters, or by words.
"""

import re
from hashlib import blake2b

from rensa import RMinHash, RMinHashLSH

from engine.data.checks.finding import Finding
from engine.data.checks.row import CheckedRow
from engine.data.facts import DataProblem

NEAR = 0.8
PERMUTATIONS, BANDS, SEED = 128, 32, 42
ROLE = 0.5
"""Least similarity of each role: an equal passage under another question, or another label, makes no double."""
LETTERS, WORDS = 5, 8
"""Letters of a run, and the fewest different words that are compared as words."""
ENDS = 2000
"""Letters that are compared at either end of a long text."""
COMPARED = 100_000
"""Rows that are compared for being near: no more than their ends of memory each."""
POSSIBLE = 0.45
"""Least estimated similarity of a pair that is compared exactly: about 10 standard errors below `NEAR`."""
CROWD, LIKELY = 500, 8
"""Candidates that are estimated, and those that are compared exactly: rows of one template are all a bit alike."""
_SPACE = re.compile(r"\s+")


def exact_key(row: CheckedRow) -> bytes:
    """Return what equal rows have in common."""
    return blake2b("\0".join(row.texts.values()).encode("utf-8", "surrogatepass"), digest_size=12).digest()


def plain(text: str) -> str:
    """Return a text without its case and spacing; of a long one the two ends."""
    text = _SPACE.sub(" ", text.lower()).strip()
    return text if len(text) <= 2 * ENDS else f"{text[:ENDS]} {text[-ENDS:]}"


def runs(text: str) -> set[str]:
    """Return the runs of letters of a plain text."""
    return {text[place : place + LETTERS] for place in range(max(1, len(text) - LETTERS + 1))}


class Sketch:
    """What of a row is compared: its plain texts, whose runs and words are made when wanted, and their MinHash."""

    def __init__(self, row: CheckedRow) -> None:
        self.texts = list(map(plain, row.texts.values()))
        self.minhash = RMinHash(PERMUTATIONS, SEED)
        self.minhash.update(list(set().union(*map(runs, self.texts))))

    def near_any(self, others: list["Sketch"]) -> bool:
        """Return whether one of the others is nearly this row: as a whole, and no role of it says something else."""
        if not others:
            return False
        mine, words = list(map(runs, self.texts)), self.words()
        whole = set().union(*mine)
        return any(self._near(other, mine, whole, words) for other in others)

    def _near(self, other: "Sketch", mine: list[set[str]], whole: set[str], words: set[str]) -> bool:
        if len(self.texts) != len(other.texts):
            return False
        theirs = list(map(runs, other.texts))
        alike = _share(whole, set().union(*theirs)) >= NEAR
        alike = alike or (len(words) >= WORDS and _share(words, other.words()) >= NEAR)
        return alike and all(_share(one, two) >= ROLE for one, two in zip(mine, theirs, strict=True))

    def words(self) -> set[str]:
        """Return the different words."""
        return {word for text in self.texts for word in text.split()}


def _share(one: set[str], other: set[str]) -> float:
    """Return the Jaccard similarity."""
    common = len(one & other)
    return common / max(1, len(one) + len(other) - common)


class _Known:
    """Rows that later ones are compared with."""

    def __init__(self) -> None:
        self._index = RMinHashLSH(NEAR, PERMUTATIONS, BANDS)
        self._sketches: list[Sketch] = []

    def __len__(self) -> int:
        return len(self._sketches)

    def near(self, sketch: Sketch) -> bool:
        """Return whether a row that is known is nearly this one."""
        found = [self._sketches[key] for key in self._index.query(sketch.minhash)[:CROWD]]
        estimated = [(sketch.minhash.jaccard(other.minhash), place) for place, other in enumerate(found)]
        likely = sorted((pair for pair in estimated if pair[0] >= POSSIBLE), reverse=True)[:LIKELY]
        return sketch.near_any([found[place] for _, place in likely])

    def add(self, sketch: Sketch) -> None:
        """Remember a row, unless as many like it are known as are ever compared."""
        if len(self._index.query(sketch.minhash)) < CROWD:
            self._index.insert(len(self._sketches), sketch.minhash)
            self._sketches.append(sketch)


class Doubles:
    """Counts equal and nearly equal rows; the test rows, if any, are added first."""

    def __init__(self) -> None:
        self._tests: set[bytes] = set()
        self._seen: set[bytes] = set()
        self._near_tests, self._near = _Known(), _Known()
        self._equal, self._similar = Finding(), Finding()
        self._leaks, self._near_leaks = Finding(), Finding()

    def add_test(self, row: CheckedRow) -> None:
        """Remember a row of the test."""
        self._tests.add(exact_key(row))
        if len(self._near_tests) < COMPARED:
            self._near_tests.add(Sketch(row))

    def add(self, row: CheckedRow) -> None:
        """Compare a training row with the test and with the rows before it; an equal row counts as nothing else."""
        key = exact_key(row)
        if key in self._tests:
            self._leaks.add(row.number)
        if key in self._seen:
            self._equal.add(row.number)
            return
        self._seen.add(key)
        if key not in self._tests and len(self._seen) <= COMPARED:
            self._compare(row)

    def _compare(self, row: CheckedRow) -> None:
        sketch = Sketch(row)
        if self._tests and self._near_tests.near(sketch):
            self._near_leaks.add(row.number)
        if self._near.near(sketch):
            self._similar.add(row.number)
        self._near.add(sketch)

    def problems(self) -> list[DataProblem]:
        """Return what was found, leaks first."""
        leaked = "in the test file as well: the test would measure memory, not skill"
        advice = "equal rows weigh more; leave them out unless that is meant"
        near = "nearly equal rows teach little new, and may stand on both sides of the test"
        return [
            *self._leaks.problem("leakage", f"{self._leaks.many} of the training stand {leaked}", "leave them out"),
            *self._near_leaks.problem(
                "near_leakage", f"{self._near_leaks.many} of the training stand nearly {leaked}", "leave them out"
            ),
            *self._equal.problem("duplicate_row", f"{self._equal.many} equal to an earlier one", advice),
            *self._similar.problem("near_duplicate", f"{self._similar.many} nearly equal to an earlier one", near),
        ]
