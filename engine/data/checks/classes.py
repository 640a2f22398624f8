"""Labels that can't be learned or measured, and passages that several questions share."""

from collections import Counter
from hashlib import blake2b

from engine.data.checks.finding import Finding
from engine.data.checks.row import CheckedRow
from engine.data.facts import DataProblem

FOLDS = 5
"""Rows that a class needs so that every fifth of the data can hold one."""
UNEVEN = 10
"""How many times larger the largest class may be than the smallest before that is told."""
MOST = 5000
"""Different labels that are counted; more are no classes."""


class Classes:
    """Counts the rows of every label."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._first: dict[str, int] = {}

    def add(self, row: CheckedRow) -> None:
        """Look at one row."""
        label = row.texts.get("label", "").strip()
        if label and (label in self._counts or len(self._counts) < MOST):
            self._counts[label] += 1
            self._first.setdefault(label, row.number)

    def problems(self) -> list[DataProblem]:
        """Return what was found."""
        total = self._counts.total()
        if len(self._counts) == 1 and total > 1:
            what, advice = "all rows have one label", "there must be two classes to tell apart"
            return [DataProblem("one_class", what, 1, "wrong", advice, total, (1,), ("keep",))]
        if not self._counts or len(self._counts) > max(2, total / 2):
            return []
        return [*self._small(), *self._uneven()]

    def _small(self) -> list[DataProblem]:
        small = [label for label, count in self._counts.items() if count < FOLDS]
        found = Finding()
        found.count = sum(self._counts[label] for label in small)
        found.rows = sorted(self._first[label] for label in small)[:FOLDS]
        what = f"{len(small)} of {len(self._counts)} classes have fewer than {FOLDS} rows"
        return found.problem("small_class", what, "add rows to them, or leave these classes out")

    def _uneven(self) -> list[DataProblem]:
        ranked = self._counts.most_common()
        most, (small, least) = ranked[0][1], ranked[-1]
        if most < UNEVEN * least:
            return []
        what = f"the largest class has {most:,} rows and the smallest {least:,}"
        advice = "the model will favour the large one; look at macro F1, or add rows"
        return [DataProblem("imbalance", what, self._first[small], "warning", advice, least, (), ("keep",))]


class Positives:
    """Counts passages that answer more than one question: in one batch each would count as wrong for the other."""

    def __init__(self) -> None:
        self._seen: dict[bytes, bytes] = {}
        self._found = Finding()

    def add(self, row: CheckedRow) -> None:
        """Look at one row."""
        if "anchor" not in row.texts or "positive" not in row.texts:
            return
        positive, anchor = _key(row.texts["positive"]), _key(row.texts["anchor"])
        if self._seen.setdefault(positive, anchor) != anchor:
            self._found.add(row.number)

    def problems(self) -> list[DataProblem]:
        """Return what was found."""
        what = f"{self._found.many} whose positive an earlier question has too"
        advice = "no batch holds both, so that neither counts as wrong; keep them, or drop the later ones"
        return self._found.problem("duplicate_positive", what, advice)


def _key(text: str) -> bytes:
    return blake2b(text.strip().encode("utf-8", "surrogatepass"), digest_size=12).digest()
