"""How many tokens the texts of rows are: counted with the model's own tokenizer where it is here, else estimated."""

from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.data.facts import DataFacts, Lengths
from engine.lengths import Texts, dense_tokens, longest_texts, mean_texts, per_text, share_longer, texts, usual_tokens
from engine.row_texts import Reads, is_chat, reads
from engine.tokenizer import tokenizer_of

KNOWN = 16
"""Counts that are remembered."""


@dataclass(frozen=True, slots=True)
class EstimatedTokens:
    """Tokens of texts by their characters, since they can't be counted."""

    data: DataFacts
    groups: Texts
    why: str
    """Why they are not counted."""

    @property
    def lengths(self) -> Lengths:
        """Characters of the longest text of a row."""
        return per_text(self.data, self.groups)

    def share_longer(self, tokens: int) -> float:
        """Return the largest share of rows with a text that may be longer than so many tokens."""
        return share_longer(self.lengths, tokens)

    @property
    def p99(self) -> int:
        """Tokens that 99 of 100 rows do not exceed: rather too many."""
        return dense_tokens(self.lengths.p99)

    @property
    def means(self) -> list[float]:
        """Mean tokens of each text of a row."""
        return mean_texts(self.data, self.groups)

    @property
    def longest(self) -> list[int]:
        """Tokens of the longest of each text of a row."""
        return longest_texts(self.data, self.groups)

    def of_columns(self, columns: Texts) -> int:
        """Return the tokens of the longest texts of some columns, together."""
        return sum(longest_texts(self.data, columns))

    @property
    def whole(self) -> float:
        """Mean tokens of a whole row."""
        return usual_tokens(self.data.lengths.mean)


@dataclass(frozen=True, slots=True)
class CountedTokens:
    """Tokens of texts as the model's own tokenizer makes them; `rows` and `answers` belong together."""

    rows: tuple[int, ...]
    """The longest text of every row, in order of length."""
    answers: tuple[int, ...]
    """The answer in each of these rows, 0 where none is learned."""
    means: tuple[float, ...]
    longest: tuple[int, ...]
    density: float
    """Tokens per character, on average."""
    unknown: float
    """Share of the tokens that stand for what the tokenizer does not know."""
    counted: int
    """Rows whose texts became tokens; the length of the others follows from these."""
    of: int
    """Rows that the data have."""

    def share_longer(self, tokens: int) -> float:
        """Return the share of rows with a text that is longer than so many tokens."""
        return 1 - bisect_right(self.rows, tokens) / len(self.rows)

    def quantile(self, share: float) -> int:
        """Return the tokens that so large a share of the rows does not exceed."""
        return self.rows[min(len(self.rows) - 1, int(share * len(self.rows)))]

    @property
    def p99(self) -> int:
        """Tokens that 99 of 100 rows do not exceed."""
        return self.quantile(0.99)

    def lost_prompts(self, limit: int) -> float:
        """Return the share of rows whose prompt loses its beginning at a longest text: answers leave it half."""
        cut = [(whole, answer) for whole, answer in zip(self.rows, self.answers, strict=True) if whole > limit]
        return sum(whole - answer > max(limit - answer, limit // 2) for whole, answer in cut) / len(self.rows)

    def lost_answers(self, limit: int) -> float:
        """Return the share of rows whose answer loses its end at a longest text."""
        cut = [(whole, answer) for whole, answer in zip(self.rows, self.answers, strict=True) if whole > limit]
        return sum(answer > limit - min(whole - answer, limit // 2) for whole, answer in cut) / len(self.rows)

    def of_columns(self, columns: Texts) -> int:
        """Return the tokens of the longest answer; columns that hold no answer are not asked for."""
        del columns
        return max(self.answers) or max(self.rows)

    @property
    def whole(self) -> float:
        """Mean tokens of a whole row."""
        return sum(self.means)


AnyTokens = EstimatedTokens | CountedTokens
_known: OrderedDict[Any, CountedTokens | None] = OrderedDict()


def token_lengths(known: Reads, model: Any, data: DataFacts) -> AnyTokens:
    """Return the tokens of the texts that a run reads; what was counted once is remembered."""
    folder: Path | None = getattr(model, "folder", None)
    groups = texts(known.goal, known.roles)
    if known.goal == "baseline" and not is_chat(known):
        return EstimatedTokens(data, groups, "questions are made of the rows first")
    if folder is None:
        return EstimatedTokens(data, groups, "the model is not on this machine")
    tokenizer = tokenizer_of(folder)
    if tokenizer is None:
        return EstimatedTokens(data, groups, "the model has no tokenizer.json that can be read")
    key = (folder, id(tokenizer), known, data.path, _changed(data.path))
    if key not in _known:
        from engine.token_count import count

        _known[key] = count(known, tokenizer, folder, data)
        while len(_known) > KNOWN:
            _known.popitem(last=False)
    found = _known.get(key)
    return found if found is not None else EstimatedTokens(data, groups, "its rows can't be read as this goal does")


def of_run(run: Any, model: Any, data: DataFacts) -> AnyTokens:
    """Return the tokens of the texts that a complete run reads."""

    def field(dotted: str, default: Any) -> Any:
        node: Any = run
        for part in dotted.split("."):
            node = getattr(node, part, None)
        return default if node is None or node == "auto" else node

    return token_lengths(reads(field), model, data)


def _changed(path: str) -> tuple[int, int]:
    """Return what changes when a file or a folder does."""
    try:
        known = Path(path).expanduser().stat()
    except OSError:
        return 0, 0
    return known.st_mtime_ns, known.st_size
