"""Texts that are longer than the model reads: how many lose how much, and from which end."""

from engine.data.checks.finding import Finding
from engine.data.checks.row import CheckedRow
from engine.data.facts import DataProblem

LETTERS_PER_TOKEN = 4
"""Letters of a token in English prose; other texts have fewer, so that these counts are low rather than high."""
_KEEPS_PROMPT = frozenset({"sft", "distill", "baseline"})


class Lengths:
    """Counts rows that are longer than `tokens`: a prompt keeps half and loses its beginning, all else its end."""

    def __init__(self, goal: str, tokens: int, letters_per_token: float = 0.0) -> None:
        self._goal, self._limit = goal, round(tokens * (letters_per_token or LETTERS_PER_TOKEN))
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
            if row.answer is not None and self._goal in _KEEPS_PROMPT:
                asked = length - len(row.answer)
                if len(row.answer) > self._limit - min(asked, self._limit // 2):
                    self._answers.add(row.number)

    def _length(self, row: CheckedRow) -> int:
        """Pairs are read text by text, conversations whole."""
        lengths = [len(text) for text in row.texts.values()]
        return max(lengths, default=0) if self._goal in ("embed", "prefer", "reward") else sum(lengths)

    def problems(self) -> list[DataProblem]:
        """Return what was found; an answer that is cut is worse than a prompt."""
        if self._goal == "pretrain" or not self._cut.count:
            return []
        side = "the beginning of the prompt or the end of the answer" if self._goal in _KEEPS_PROMPT else "the end"
        lost = self._lost / self._letters
        what = f"{self._cut.many} longer than about {self._tokens:,} tokens lose {lost:.0%} of their text, {side}"
        advice = "raise training.max_length, or set training.too_long to drop"
        answer = f"{self._answers.many} whose answer is cut at about {self._tokens:,} tokens"
        worse = "the model never learns how they end; raise training.max_length, or set training.too_long to drop"
        return [
            *self._answers.problem("answer_cut", answer, worse, ("clip", "drop")),
            *self._cut.problem("too_long", what, advice, ("clip", "drop")),
        ]
