"""How many rows of a run are too long, and how many tokens its tokenizer does not know, as findings about its rows."""

from collections.abc import Iterator

from engine import words
from engine.config import Run
from engine.data.facts import DataProblem
from engine.draft import Facts
from engine.tables import table
from engine.token_lengths import CountedTokens, of_run

WORTH_SAYING = 0.01
"""Share of unknown tokens that is told."""


def too_long(run: Run, facts: Facts) -> Iterator[DataProblem]:
    """Yield what was counted with the model's own tokenizer, where something of it matters."""
    if facts.data is None or facts.model is None or getattr(run.training, "packing", False):
        return
    tokens = of_run(run, facts.model, facts.data)
    if not isinstance(tokens, CountedTokens):
        return
    length, advice = run.training.max_length, table("guide")["findings"]
    if tokens.unknown > WORTH_SAYING:
        what = advice["unknown_tokens"].format(share=words.percent(tokens.unknown))
        yield DataProblem("unknown_tokens", what, advice=advice["another_model"])
    if (cut := tokens.share_longer(length)) > 0:
        what = cut_rows(tokens, length, str(getattr(run.training, "too_long", "")))
        most = facts.model.sentence_length if run.goal == "embed" else facts.model.context
        longer = "shorten_rows" if 0 < most <= length else "raise_length"
        yield DataProblem("truncated", what, advice=advice[longer], count=_rows(tokens, cut))


def cut_rows(tokens: CountedTokens, length: int, does: str) -> str:
    """Return how many rows are longer than so many tokens, and what becomes of them."""
    texts, cut = table("guide")["findings"], tokens.share_longer(length)
    prompts, answers = tokens.lost_prompts(length), tokens.lost_answers(length)
    about = "about " if tokens.counted < tokens.of else ""
    numbers = {"of": f"{tokens.of:,}", "share": words.percent(cut), "length": f"{length:,}"}
    numbers["rows"] = f"{about}{_rows(tokens, cut):,}"
    if does == "drop":
        return str(texts["cut_dropped"].format(**numbers))
    if not does or not any(tokens.answers):
        return str(texts["cut_ends"].format(**numbers))
    lost = [f"{about}{_rows(tokens, prompts):,} the beginning of the prompt"] if prompts else []
    lost += [f"{about}{_rows(tokens, answers):,} the end of the answer"] if answers else []
    return str(texts["cut_rows"].format(**numbers, lost=words.joined(lost)))


def _rows(tokens: CountedTokens, share: float) -> int:
    return max(1, round(share * tokens.of))
