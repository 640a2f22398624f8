"""What the person answered, held against the facts: completed where that is safe, refused where it can't be."""

from collections.abc import Mapping
from typing import Any

from engine.config import methods_of, plain
from engine.document import check, put
from engine.draft import Draft, Facts, leaves
from engine.problem import Problem, nearest
from engine.tables import table


def complete(answers: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
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


def hold(given: Mapping[str, Any], facts: Facts) -> None:
    """Raise a Problem when the answers do not go with the facts, or when something is missing that none can guess."""
    _suits(given, facts)
    _reaches(given, facts)
    _asked(given)


def asked_method(given: Mapping[str, Any]) -> str | None:
    """Return the method that the person chose, None if that is left to the guide."""
    method = given.get("method") or {}
    kind: str | None = method.get("kind") if isinstance(method, Mapping) else str(method)
    kinds = table("guide")["goals"][given["goal"]]["methods"]
    if kind is not None and kind not in kinds:
        what = f"the method '{kind}' does not go with the goal {given['goal']}"
        raise Problem(what, where="method.kind", advice=nearest(kind, kinds), code="method")
    return kind


def for_method(given: Mapping[str, Any], kind: str) -> Draft:
    """Return a draft of one method with what it can keep of the answers, checked and in the types that a run has."""
    method = given.get("method") or {}
    own = method.get("kind") == kind
    fields = set(methods_of(given["goal"])[kind].model_fields) - {"kind"}
    kept = {name: value for name, value in method.items() if own or name in fields}
    draft = Draft({**given, "method": {**kept, "kind": kind}})
    draft.answers -= set() if own else {"method.kind"}
    _typed(draft)
    return draft


def _suits(given: Mapping[str, Any], facts: Facts) -> None:
    """Raise a Problem when the model or the data can't serve the goal."""
    rules, model, data = table("guide")["goals"][given["goal"]], facts.model, facts.data
    if model is not None and model.kind not in rules["kinds"]:
        does = table("guide")["kinds"][model.kind]
        raise Problem(rules["wrong_kind"].format(model=model.id, does=does), advice=rules["right_kind"], code="kind")
    said = given.get("data") or {}
    told = said.get("columns") or isinstance(said.get("train"), (list, tuple))
    if data is not None and not told and all(suit.goal != given["goal"] for suit in data.suits):
        found = ", ".join(column.name for column in data.columns)
        other = " or ".join(suit.goal for suit in data.suits if suit.goal in table("guide")["goals"])
        advice = f"choose the goal {other}, or say" if other else "say"
        advice = f"{advice} in data.columns what its columns mean (found: {found})"
        raise Problem(rules["wrong_data"].format(data=data.path), advice=advice, code="columns")


def _reaches(given: Mapping[str, Any], facts: Facts) -> None:
    """Raise a Problem when the model is asked for more than it has: positions of an encoder, or layers."""
    length, model = (given.get("training") or {}).get("max_length"), facts.model
    if model is None:
        return
    if model.kind == "encoder" and isinstance(length, int) and 0 < model.context < length:
        what = f"texts of {length:,} tokens are longer than {model.id} can read"
        advice = f"take at most {model.context:,}, or a model with a longer context"
        raise Problem(what, where="training.max_length", advice=advice, code="context")
    last, layers = (given.get("method") or {}).get("last"), model.decoder_layers or model.layers
    if isinstance(last, int) and last > layers:
        what = f"{model.id} has {layers} layers, and {last} of them shall train"
        raise Problem(what, where="method.last", advice=f"take at most {layers}", code="layers")


def _asked(given: Mapping[str, Any]) -> None:
    """Raise a Problem when the goal needs an answer that nothing can stand for: a teacher, or what pays."""
    for question in table("wizard")["goals"][given["goal"]].get("asks", ()):
        section, _, name = question["field"].partition(".")
        if not (given.get(section) or {}).get(name):
            what = f"it is not said yet: {question['question'][:1].lower()}{question['question'][1:]}"
            advice = f"give {question['example']} as {question['field']}"
            raise Problem(what, where=question["field"], advice=advice, code=f"no-{name}")


def _typed(draft: Draft) -> None:
    """Raise a Problem when the answers are wrong by themselves, and give them the types that a run has."""
    run = check({**draft.values, "data": {"train": "rows.jsonl", **(draft.values.get("data") or {})}})
    if draft.moves_base and run.model.dtype == "fp16":
        what = "weights that are trained can't be stored in fp16, since their gradients can't be unscaled"
        raise Problem(what, where="model.dtype", advice="take fp32 with training.precision fp16", code="fp16-full")
    typed = dict(leaves(plain(run)))
    for dotted in draft.answers & typed.keys():
        draft.values = put(draft.values, dotted, typed[dotted])
