"""What a person should know of a plan before the start."""

from collections.abc import Iterator

from engine import words
from engine.beside import known, others
from engine.draft import Facts
from engine.estimate import Estimate
from engine.model import ModelFacts
from engine.objectives import embed
from engine.ranking import Candidate, Verdict
from engine.tables import table
from engine.token_lengths import EstimatedTokens

WORTH_SAYING = 0.01
"""Share of texts that may be cut without a word."""


def cautions(chosen: Candidate, ranking: tuple[Verdict, ...], facts: Facts) -> Iterator[str]:
    """Yield a sentence for everything that may surprise."""
    texts = table("guide")["warnings"]
    if facts.data is None and "data.train" not in chosen.draft.answers:
        yield texts["no_data"]
    yield from _cut(chosen, facts)
    yield from embed.cautions(chosen.run)
    if facts.model is not None:
        yield from _model(chosen, facts.model)
    for name in others(chosen.run):
        if known(name) is None:
            yield texts["other_unknown"].format(name=name)
    if chosen.fits is False and chosen.estimate is not None:
        yield _does_not_fit(chosen, chosen.estimate, ranking)


def _cut(chosen: Candidate, facts: Facts) -> Iterator[str]:
    if facts.data is None or getattr(chosen.run.training, "packing", False):
        return
    length = chosen.run.training.max_length
    tokens = chosen.draft.tokens(facts.model, facts.data)
    cut = tokens.share_longer(length)
    if isinstance(tokens, EstimatedTokens) and cut > WORTH_SAYING:  # what was counted is among the findings
        yield table("guide")["warnings"]["cut"].format(cut=words.at_most(cut), length=f"{length:,}", why=tokens.why)


def _model(chosen: Candidate, model: ModelFacts) -> Iterator[str]:
    texts, length = table("guide")["warnings"], chosen.run.training.max_length
    if model.kind != "encoder" and 0 < model.context < length:
        yield texts["beyond_context"].format(model=model.id, context=f"{model.context:,}", length=f"{length:,}")
    if model.kind == "unknown":
        yield texts["unknown_kind"].format(model=model.id)
    if model.folder is None and model.parameters:
        size_on_disk = model.parameters * (4 if model.dtype == "fp32" else 2)
        yield texts["download"].format(size=f"{size_on_disk / 1e9:.1f}")
    if chosen.run.goal == "embed" and model.kind == "causal" and not model.sentence_transformer:
        yield texts["not_an_embedder"].format(model=model.id)


def _does_not_fit(chosen: Candidate, spent: Estimate, ranking: tuple[Verdict, ...]) -> str:
    other = ranking[0]
    text: str = table("guide")["warnings"]["does_not_fit" if other.fits else "nothing_fits"]
    label = table("guide")["methods"][chosen.kind]["label"]
    high, free = words.gib(spent.high_gib), words.gib(spent.free_gib or 0.0)
    return text.format(method=label, high=high, free=free, other=other.label)
