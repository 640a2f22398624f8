"""The guide: from goal, model, data and machine to one complete run, with a reason for every choice and every no."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from engine import words
from engine.config import RUN_TYPES, Run, plain
from engine.defaults import fill
from engine.document import check, put
from engine.draft import Draft, Facts, leaves
from engine.estimate import Estimate, estimate
from engine.lengths import share_longer
from engine.problem import Problem, nearest
from engine.ranking import Candidate, Verdict, rank
from engine.rhythm import rhythm
from engine.sizing import size
from engine.tables import table

__all__ = ["Facts", "Plan", "Verdict", "recommend"]

FEW_ROWS = 200
"""Rows under which a training rarely beats a good prompt."""
WORTH_SAYING = 0.01
"""Share of texts that may be cut without a word."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A complete run, why each of its fields is as it is, and every method of the goal, the recommended one first."""

    run: Run
    reasons: dict[str, str]
    ranking: tuple[Verdict, ...]
    estimate: Estimate | None
    warnings: tuple[str, ...]


def recommend(answers: dict[str, Any], facts: Facts) -> Plan:
    """Return the plan for what the person has answered so far; a field in `answers` is never changed.

    Raises a Problem in one sentence when the answers do not go together or with the facts.
    """
    given = _answers(answers, facts)
    _suits(given, facts)
    _reaches(given, facts)
    asked = _asked_method(given)
    kinds: list[str] = table("guide")["goals"][given["goal"]]["methods"]
    order = sorted(kinds, key=lambda kind: kind != asked)  # so that what is wrong with the answers is said first
    candidates = {kind: _compared(given, kind, asked, facts) for kind in order}
    ranking = rank([candidates[kind] for kind in kinds], facts)
    chosen = candidates[asked or ranking[0].method]
    verdict = next(row for row in ranking if row.method == chosen.kind)
    because = verdict.reasons[0].lstrip("+− ")
    chosen.draft.replace("method.kind", chosen.kind, "kind", verdict=verdict.verdict, because=because)
    warnings = (*chosen.draft.warnings, *_warnings(chosen, ranking, facts))
    return Plan(chosen.run, chosen.draft.reasons, ranking, chosen.estimate, warnings)


def _answers(answers: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """Return the answers with goal and model taken from the facts where the person has not said them."""
    given = dict(answers)
    goals = table("guide")["goals"]
    offered = [suit.goal for suit in facts.data.suits if suit.goal in goals] if facts.data else []
    given.setdefault("goal", offered[0] if offered else None)
    if given["goal"] not in goals:
        what = "no goal is chosen" if given["goal"] is None else f"there is no goal '{given['goal']}'"
        raise Problem(what, advice=nearest(str(given["goal"] or ""), goals), code="goal")
    model = given.get("model")
    if not (isinstance(model, Mapping) and model.get("id")):
        if facts.model is None:
            raise Problem("no model is chosen", advice="give model.id: a folder or a hub id", code="no-model")
        given["model"] = {**(model or {}), "id": facts.model.id}
    return given


def _suits(given: Mapping[str, Any], facts: Facts) -> None:
    """Raise a Problem when the model or the data can't serve the goal."""
    rules, model, data = table("guide")["goals"][given["goal"]], facts.model, facts.data
    if model is not None and model.kind not in rules["kinds"]:
        does = table("guide")["kinds"][model.kind]
        raise Problem(rules["wrong_kind"].format(model=model.id, does=does), advice=rules["right_kind"], code="kind")
    columns = (given.get("data") or {}).get("columns")
    if data is not None and not columns and all(suit.goal != given["goal"] for suit in data.suits):
        found = ", ".join(column.name for column in data.columns)
        other = " or ".join(suit.goal for suit in data.suits if suit.goal in table("guide")["goals"])
        advice = f"choose the goal {other}, or say" if other else "say"
        advice = f"{advice} in data.columns what its columns mean (found: {found})"
        raise Problem(rules["wrong_data"].format(data=data.path), advice=advice, code="columns")


def _reaches(given: Mapping[str, Any], facts: Facts) -> None:
    """Raise a Problem when an encoder shall read longer texts than it has positions for: it would fail half-way."""
    length, model = (given.get("training") or {}).get("max_length"), facts.model
    if model is None or model.kind != "encoder" or not isinstance(length, int) or length <= model.context:
        return
    what = f"texts of {length:,} tokens are longer than {model.id} can read"
    advice = f"take at most {model.context:,}, or a model with a longer context"
    raise Problem(what, where="training.max_length", advice=advice, code="context")


def _asked_method(given: Mapping[str, Any]) -> str | None:
    """Return the method that the person chose, None if that is left to the guide."""
    method = given.get("method") or {}
    kind: str | None = method.get("kind") if isinstance(method, Mapping) else str(method)
    kinds = table("guide")["goals"][given["goal"]]["methods"]
    if kind is not None and kind not in kinds:
        what = f"the method '{kind}' does not go with the goal {given['goal']}"
        raise Problem(what, where="method.kind", advice=nearest(kind, kinds), code="method")
    return kind


def _compared(given: Mapping[str, Any], kind: str, asked: str | None, facts: Facts) -> Candidate:
    """Return the run of one method; storage that was chosen for another method does not stand in its way."""
    try:
        return _candidate(given, kind, facts)
    except Problem as problem:
        if kind == asked or problem.code != "fp16-full":
            raise
    kept = {name: value for name, value in given["model"].items() if name != "dtype"}
    return _candidate({**given, "model": kept}, kind, facts)


def _candidate(given: Mapping[str, Any], kind: str, facts: Facts) -> Candidate:
    """Return the complete run of one method for the same answers."""
    method = given.get("method") or {}
    own = method.get("kind") == kind
    kept = {name: value for name, value in method.items() if own or name in _fields(given["goal"], kind)}
    draft = Draft({**given, "method": {**kept, "kind": kind}})
    draft.answers -= set() if own else {"method.kind"}
    _check_answers(draft)
    fill(draft, facts)
    size(draft, facts)
    rhythm(draft, facts, check(draft.values))
    run = check(draft.values)
    spent = estimate(run, facts.model, facts.machine, facts.data) if facts.model else None
    possible = not (facts.model and facts.model.quantized and kind == "full")
    return Candidate(kind, draft, run, spent, possible)


def _fields(goal: str, kind: str) -> set[str]:
    """Return the names of a method's own fields."""
    methods = get_args(RUN_TYPES[goal].model_fields["method"].annotation)
    fields = next(method.model_fields for method in methods if method.model_fields["kind"].default == kind)
    return set(fields) - {"kind"}


def _check_answers(draft: Draft) -> None:
    """Raise a Problem when the answers are wrong by themselves, and give them the types that a run has."""
    run = check({**draft.values, "data": {"train": "rows.jsonl", **(draft.values.get("data") or {})}})
    if draft.kind == "full" and run.model.dtype == "fp16":
        what = "weights that are all trained can't be stored in fp16, since their gradients can't be unscaled"
        raise Problem(what, where="model.dtype", advice="take fp32 with training.precision fp16", code="fp16-full")
    typed = dict(leaves(plain(run)))
    for dotted in draft.answers & typed.keys():
        draft.values = put(draft.values, dotted, typed[dotted])


def _warnings(chosen: Candidate, ranking: tuple[Verdict, ...], facts: Facts) -> list[str]:
    """Return what the person should know before the start."""
    texts, model, data = table("guide")["warnings"], facts.model, facts.data
    found = []
    if data is None and "data.train" not in chosen.draft.answers:
        found.append(texts["no_data"])
    if data is not None and data.rows < FEW_ROWS:
        found.append(texts["few_rows"].format(rows=data.rows))
    length = chosen.run.training.max_length
    cut = share_longer(chosen.draft.texts(data), length) if data is not None else 0.0
    if cut > WORTH_SAYING:
        found.append(texts["cut"].format(cut=words.at_most(cut), length=f"{length:,}"))
    if model is not None and model.kind != "encoder" and 0 < model.context < length:
        found.append(texts["beyond_context"].format(model=model.id, context=f"{model.context:,}", length=f"{length:,}"))
    if model is not None and model.kind == "unknown":
        found.append(texts["unknown_kind"].format(model=model.id))
    if model is not None and model.folder is None and model.parameters:
        size_on_disk = model.parameters * (4 if model.dtype == "fp32" else 2)
        found.append(texts["download"].format(size=f"{size_on_disk / 1e9:.1f}"))
    if model is not None and chosen.run.goal == "embed" and model.kind == "causal" and not model.sentence_transformer:
        found.append(texts["not_an_embedder"].format(model=model.id))
    if chosen.fits is False and chosen.estimate is not None:
        found.append(_does_not_fit(chosen, chosen.estimate, ranking))
    return found


def _does_not_fit(chosen: Candidate, spent: Estimate, ranking: tuple[Verdict, ...]) -> str:
    other = ranking[0]
    text: str = table("guide")["warnings"]["does_not_fit" if other.fits else "nothing_fits"]
    label = table("guide")["methods"][chosen.kind]["label"]
    high, free = words.gib(spent.high_gib), words.gib(spent.free_gib or 0.0)
    return text.format(method=label, high=high, free=free, other=other.label)
