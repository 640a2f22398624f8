"""What the guide's rules may ask about: the facts and the person's wishes, boiled down to named values."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.data.facts import DataFacts
from engine.draft import Draft, Facts
from engine.lengths import usual_tokens
from engine.machine import GIB
from engine.model import ModelFacts
from engine.rules import Trait, Wishes

SHORT_ANSWER = 30
"""Characters under which an answer that keeps coming back looks like the name of a class."""
LABELS = ("label", "labels", "class")

NAMES = {
    "goal": "what the model should learn",
    "rows": "rows of the data",
    "tokens": "tokens of the data, about",
    "format": "what the rows are (tunewright inspect says it)",
    "roles": "the roles that the columns play",
    "suits": "goals that the rows can serve",
    "classes": "different labels",
    "rows_per_class": "rows for each label, on average",
    "fixed_answers": "whether a few short answers come again and again",
    "tasks": "files that are learned from at once",
    "keep_set": "whether rows are given on which nothing should be forgotten",
    "kind": "causal, encoder, seq2seq or unknown",
    "parameters": "weights of the model",
    "chat": "whether the model brings a chat template: it was taught to answer",
    "embedder": "whether the model gives good vectors already",
    "quantized": "whether the model is stored packed",
    "gated": "whether the hub asks for consent before the weights can be loaded",
    "license": "the model's licence as its makers write it",
    "origin": "whether the model is the result of a run",
    "gpu": "whether the run computes on a card",
    "free_gib": "memory that is free for the run",
    "room": "free memory by the size of the model's weights in 16 bit",
    "method": "the method whose fields are being filled in (only for rules with `set`)",
    "fits": "fits.METHOD: whether a method fits (not for rules with `set`)",
}
"""Every trait and what it means; the questions' ids are traits too, with the chosen answer as value."""


def traits(draft: Draft, facts: Facts, wishes: Wishes) -> dict[str, Trait]:
    """Return what is known, by name; what is not known is None."""
    found: dict[str, Trait] = {"goal": draft.goal, "gpu": not draft.on_cpu(facts), "free_gib": draft.free_gib(facts)}
    found |= {"origin": bool(draft.get("model.origin")), "keep_set": bool(draft.get("data.keep"))}
    if facts.model is not None:
        found |= _model(facts.model, draft.free_gib(facts))
    if facts.data is not None:
        found |= _data(facts.data, _columns(draft, facts.data))
    train = draft.get("data.train", "")
    found["tasks"] = 1 if isinstance(train, str) else len(train)
    return found | dict(wishes.said)


def _model(model: ModelFacts, free: float | None) -> dict[str, Trait]:
    parameters = model.parameters
    return {
        "kind": model.kind,
        "parameters": parameters,
        "chat": model.chat_template,
        "embedder": model.sentence_transformer,
        "quantized": bool(model.quantized),
        "gated": model.gated,
        "license": model.license or None,
        "room": free * GIB / (2 * parameters) if free is not None and parameters else None,
    }


def _data(data: DataFacts, columns: Mapping[str, str]) -> dict[str, Trait]:
    by_name = {column.name: column for column in data.columns}
    label = next((by_name[columns[role]] for role in LABELS if columns.get(role) in by_name), None)
    answer = next((by_name[columns[role]] for role in ("completion", "output") if columns.get(role) in by_name), None)
    return {
        "rows": data.rows,
        "tokens": int(data.rows * usual_tokens(data.lengths.mean)),
        "format": data.format,
        "roles": tuple(columns),
        "suits": tuple(suit.goal for suit in data.suits),
        "classes": label.distinct if label else None,
        "rows_per_class": data.rows / max(1, label.distinct) if label else None,
        "fixed_answers": bool(answer and answer.mean < SHORT_ANSWER and answer.distinct < data.rows / 10),
    }


def _columns(draft: Draft, data: DataFacts) -> dict[str, str]:
    """Return the roles of the columns: the person's, or those that the rows suit."""
    said: Any = draft.get("data.columns")
    if said:
        return dict(said)
    return next((dict(suit.columns) for suit in data.suits if suit.goal == draft.goal), {})


def fits(candidates: Sequence[tuple[str, bool | None]]) -> dict[str, Trait]:
    """Return the traits that say which methods fit."""
    return {f"fits.{kind}": fitting for kind, fitting in candidates}
