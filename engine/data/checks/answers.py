"""What is learned to say, and what it is preferred to: answers that break off, and comparisons that teach nothing."""

import re

from engine.data.checks.finding import Finding
from engine.data.checks.row import CheckedRow
from engine.data.facts import DataProblem

WORDS = 12
"""Fewest words of an answer that should end like a sentence."""
USUAL = 0.8
"""Share of the answers that end from which those that do not are taken for broken off."""
ALWAYS = 0.9
"""Share of the pairs in which the chosen answer is the longer one that is told."""
FEWEST = 20
_OPEN = re.compile(r"[^\W_]$|,$")
_LISTED = re.compile(r"^\s*(?:[-*•#|]|\d+[.)])|[#=|$<>{}][^.!?]*$|\d\s*$")


def breaks_off(answer: str) -> bool:
    """Return whether a long answer ends in the middle of a sentence; lists, sums and tags end anyhow."""
    answer = answer.rstrip()
    last = answer.rpartition("\n")[2]
    return len(answer.split(None, WORDS)) >= WORDS and bool(_OPEN.search(last)) and not _LISTED.search(last)


class Answers:
    """Counts answers that break off, and compares the chosen answers with the rejected ones."""

    def __init__(self) -> None:
        self._long = 0
        self._open = Finding()
        self._pairs = 0
        self._same, self._longer = Finding(), Finding()

    def add(self, row: CheckedRow) -> None:
        """Look at one row."""
        if row.answer is not None and len(row.answer.split(None, WORDS)) >= WORDS:
            self._long += 1
            if breaks_off(row.answer):
                self._open.add(row.number)
        if "chosen" in row.texts and "rejected" in row.texts:
            self._compare(row.number, row.texts["chosen"].strip(), row.texts["rejected"].strip())

    def _compare(self, number: int, chosen: str, rejected: str) -> None:
        self._pairs += 1
        if chosen == rejected:
            self._same.add(number)
        elif len(chosen) > len(rejected):
            self._longer.add(number)

    def problems(self) -> list[DataProblem]:
        """Return what was found."""
        return [*self._equal(), *self._length(), *self._endless()]

    def _equal(self) -> list[DataProblem]:
        what = f"{self._same.many} whose chosen answer is the rejected one"
        return self._same.problem("chosen_equals_rejected", what, "nothing can be learned from them")

    def _length(self) -> list[DataProblem]:
        if self._pairs < FEWEST or self._longer.count < ALWAYS * self._pairs:
            return []
        what = f"the chosen answer is the longer one in {self._longer.count:,} of {self._pairs:,} rows"
        advice = "the model may learn length in place of quality; add pairs whose better answer is short"
        return self._longer.problem("chosen_longer", what, advice, ("keep",))

    def _endless(self) -> list[DataProblem]:
        if self._open.count > (1 - USUAL) * self._long:
            return []  # the answers of this file do not end in punctuation
        what = f"{self._open.many} whose answer breaks off in a sentence"
        return self._open.problem("unfinished_answer", what, "the model learns to break off; leave them out")
