"""How long the rows of a data set are for a model, before a run says how it reads them."""

from dataclasses import dataclass

from engine.data.facts import DataFacts, Suit
from engine.model import ModelFacts
from engine.row_texts import Reads
from engine.token_lengths import AnyTokens, CountedTokens, token_lengths


@dataclass(frozen=True, slots=True)
class TokenReport:
    """Tokens of the rows as one goal reads them; lengths are those of the longest text of a row."""

    model: str
    goal: str
    counted: bool
    why: str
    """Why they are not counted."""
    rows: int
    """Rows whose texts became tokens."""
    mean: float | None
    median: int | None
    p95: int | None
    p99: int
    longest: int
    max_length: int
    share_cut: float
    """Share of the rows that are longer than `max_length`; where they are not counted, the largest that may be."""
    share_unknown: float | None
    letters_per_token: float
    """0 where they are not counted."""


def tokens_of(goal: str, model: ModelFacts, data: DataFacts) -> AnyTokens | None:
    """Return the tokens of the rows as a goal reads them by default; None where no goal can learn from them."""
    suit = next((suit for suit in data.suits if goal in ("", suit.goal)), None)
    return token_lengths(_reads(suit, model), model, data) if suit else None


def _reads(suit: Suit, model: ModelFacts) -> Reads:
    return Reads(
        goal=suit.goal,
        columns=tuple(suit.columns.items()),
        template="{instruction}\n\n{input}",
        chat="own" if model.chat_template else "plain",
        seq2seq=model.kind == "seq2seq",
        convert=suit.convert,
    )


def limit(goal: str, model: ModelFacts, most: int) -> int:
    """Return the longest text that a model reads at once, at most `most`."""
    bounds = [model.context, model.sentence_length if goal == "embed" else 0]
    return min([most, *(bound for bound in bounds if bound > 0)])


def report(goal: str, model: ModelFacts, data: DataFacts, most: int) -> TokenReport | None:
    """Return the lengths of the rows for a model; None where no goal can learn from them."""
    tokens = tokens_of(goal, model, data)
    if tokens is None:
        return None
    goal = goal or data.suits[0].goal
    longest = limit(goal, model, most)
    counted = tokens if isinstance(tokens, CountedTokens) else None
    return TokenReport(
        model=model.id,
        goal=goal,
        counted=counted is not None,
        why=getattr(tokens, "why", ""),
        rows=counted.counted if counted else 0,
        mean=round(sum(counted.rows) / len(counted.rows), 1) if counted else None,
        median=counted.quantile(0.5) if counted else None,
        p95=counted.quantile(0.95) if counted else None,
        p99=tokens.p99,
        longest=max(tokens.longest),
        max_length=longest,
        share_cut=round(tokens.share_longer(longest), 4),
        share_unknown=round(counted.unknown, 4) if counted else None,
        letters_per_token=round(1 / counted.density, 3) if counted and counted.density else 0.0,
    )
