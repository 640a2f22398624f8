"""What the measurement of an untouched model begins with."""

import re
from math import inf

from engine import words
from engine.draft import Draft, Facts
from engine.lengths import dense_tokens
from engine.objectives.sft import chat, samples
from engine.tables import table

AROUND = 16
"""Tokens that a chat template puts around a row."""
ROUND = 64


def fill(draft: Draft, facts: Facts) -> None:
    """Fill in how the model is asked."""
    roles = set(draft.get("data.columns", {}))
    draft.put("data.template", "{instruction}\n\n{input}", "template")
    draft.put("objective.shots", 0, "shots_search" if "anchor" in roles else "shots")
    draft.put("objective.question", "{text}\n\nWhich of these fits: {classes}?", "question")
    _prompts(draft)
    chat(draft, facts)
    samples(draft)
    _length(draft, facts)


def _prompts(draft: Draft) -> None:
    name: str = draft.get("model.id")
    wanted = next((row for row in table("guide")["prompts"] if re.search(row["match"], name, re.IGNORECASE)), None)
    reason = "prompt" if wanted else "no_prompt"
    for side in ("query", "document"):
        draft.put(f"objective.{side}_prompt", wanted[side] if wanted else "", reason, model=words.model(name))


def _length(draft: Draft, facts: Facts) -> None:
    """Give examples, and the names of the classes, room beside the question."""
    shots, data = draft.get("objective.shots"), facts.data
    names = _names(draft, facts)
    if data is None or not (shots or names):
        return
    one = draft.tokens(facts.model, data).p99 + names + AROUND
    wanted = -(-int(one * (shots + 1)) // ROUND) * ROUND
    limit = min((facts.model.context if facts.model else 0) or inf, draft.rules["longest"])
    numbers = {"shots": shots, "tokens": f"{int(one):,}"}
    draft.put("training.max_length", int(min(wanted, limit)), "length_shots" if shots else "length_names", **numbers)


def _names(draft: Draft, facts: Facts) -> float:
    """Return the tokens that the names of all classes take in a question, 0 where nobody is asked for a class."""
    label = draft.get("data.columns", {}).get("label")
    if label is None or facts.data is None or (facts.model is not None and facts.model.kind == "encoder"):
        return 0
    return sum(
        dense_tokens(column.distinct * (column.mean + 2)) for column in facts.data.columns if column.name == label
    )
