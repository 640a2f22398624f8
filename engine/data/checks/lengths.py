"""Texts that are longer than the model reads: how many lose how much, and from which end."""

from engine.data.checks.finding import Finding
from engine.data.checks.row import CheckedRow
from engine.data.facts import DataProblem

LETTERS_PER_TOKEN = 4
"""Letters of a token in English prose; other texts have fewer, so that these counts are low rather than high."""
BOTH = 1.5
"""How much longer an answer may be than half of the length before the answer itself is cut."""
_KEEPS_ANSWER = frozenset({"sft", "distill", "baseline"})


class Lengths:
    """Counts rows that are longer than `tokens`; for some goals the prompt is cut, for others the end."""

    def __init__(self, goal: str, tokens: int) -> None:
        self._goal, self._limit = goal, tokens * LETTERS_PER_TOKEN
        self._tokens = tokens
        self._cut, self._answers = Finding(), Finding()
        self._letters = self._lost = 0

    def add(self, row: CheckedRow) -> None:
        """Look at one row."""
        length = self._length(row)
        if length > self._limit:
            self._cut.add(row.number)
            self._letters += length
            self._lost += length - self._limit
            if row.answer is not None and len(row.answer) > self._limit:
                self._answers.add(row.number)

    def _length(self, row: CheckedRow) -> int:
        """Pairs are read text by text, conversations whole."""
        lengths = [len(text) for text in row.texts.values()]
        return max(lengths, default=0) if self._goal in ("embed", "prefer", "reward") else sum(lengths)

    def problems(self) -> list[DataProblem]:
        """Return what was found; an answer that is cut is worse than a prompt."""
        if self._goal == "pretrain" or not self._cut.count:
            return []
        side = "the beginning of the prompt" if self._goal in _KEEPS_ANSWER else "the end"
        lost = self._lost / self._letters
        what = f"{self._cut.many} longer than about {self._tokens:,} tokens lose {lost:.0%} of their text, {side}"
        advice = "raise training.max_length, or drop them"
        answer = f"{self._answers.many} whose answer alone is longer than about {self._tokens:,} tokens"
        worse = "the model never learns how they end; raise training.max_length, or drop them"
        return [
            *self._answers.problem("answer_cut", answer, worse, ("clip", "drop")),
            *self._cut.problem("too_long", what, advice, ("clip", "drop")),
        ]
