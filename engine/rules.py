"""The guide's rules: data in presets/rules.yaml that says when which method or goal is advised, and on what evidence.

A rule holds when everything under `when` is true of the traits (see engine/traits.py). A condition is a value, a list
of values, a comparison such as "< 200", or "not VALUE"; of a trait that holds several values one is enough, and an
unknown trait meets no condition but the last. What a rule may do stands in `EFFECTS`.
"""

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from engine import words
from engine.problem import Problem, nearest
from engine.tables import table

Trait = str | float | bool | tuple[str, ...] | None
Traits = Mapping[str, Trait]

COMPARED: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
NOT = "not "
EFFECTS = {
    "for": "methods that rise by so many places",
    "against": "methods that sink by so many places",
    "first": "methods that come before all others that fit",
    "set": "fields of the run and their values",
    "instead": "another goal that should come before this one",
    "warns": "whether the sentence is a warning of the plan",
}
PARTS = frozenset({"id", "when", "says", "evidence", *EFFECTS})


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: when it holds, what it does, the sentence that says why, and where that is known from."""

    id: str
    when: Mapping[str, Any]
    says: str
    evidence: tuple[str, ...]
    points: Mapping[str, int] = field(default_factory=dict)
    first: tuple[str, ...] = ()
    sets: Mapping[str, Any] = field(default_factory=dict)
    instead: str = ""
    warns: bool = False

    def holds(self, traits: Traits) -> bool:
        """Say whether everything that the rule asks for is true."""
        return all(_met(wanted, traits.get(name)) for name, wanted in self.when.items())

    def sentence(self, traits: Traits) -> str:
        """Return what the rule says, with its numbers filled in."""
        return self.says.format_map({name.replace(".", "_"): _shown(name, value) for name, value in traits.items()})

    @property
    def about(self) -> frozenset[str]:
        """The methods that the rule speaks for or against."""
        return frozenset({*self.points, *self.first})


@dataclass(frozen=True, slots=True)
class Question:
    """A question whose answer changes the advice: the texts of its choices by their ids, the usual one first."""

    id: str
    text: str
    choices: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person answered to the guide's questions: choice by question; what was not answered changes nothing."""

    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Advice:
    """Another goal that should come first or serves better, why, on what evidence, and by which rule."""

    goal: str
    sentence: str
    evidence: tuple[str, ...]
    rule: str


@cache
def rules() -> tuple[Rule, ...]:
    """Return every rule in the order of the file; a Problem names the rule that is written wrongly."""
    return tuple(_rule(values) for values in table("rules")["rules"])


def holding(traits: Traits) -> tuple[Rule, ...]:
    """Return the rules that hold."""
    return tuple(rule for rule in rules() if rule.holds(traits))


def advice(held: Iterable[Rule], traits: Traits) -> Iterator[Advice]:
    """Yield the goals that should come before this one, each once, with the first rule that says so."""
    seen = {traits.get("goal")}
    for rule in held:
        if rule.instead and rule.instead not in seen:
            seen.add(rule.instead)
            yield Advice(rule.instead, rule.sentence(traits), rule.evidence, rule.id)


def questions(goal: str) -> tuple[Question, ...]:
    """Return the questions, at most three, whose answers change what is advised for a goal."""
    every = table("rules")["questions"]
    asked = table("rules")["asked"].get(goal, ())
    return tuple(Question(name, every[name]["text"], every[name]["choices"]) for name in asked)


def check_wishes(goal: str, wishes: Wishes) -> None:
    """Raise a Problem about an answer to a question that this goal does not ask, or that is none of its choices."""
    known = {question.id: question.choices for question in questions(goal)}
    for name, choice in wishes.said.items():
        if name not in known:
            raise Problem(f"the goal {goal} asks no question '{name}'", advice=nearest(name, known), code="question")
        if choice not in known[name]:
            what = f"'{choice}' is no answer to the question '{name}'"
            raise Problem(what, advice=nearest(choice, known[name]), code="choice")


def _rule(values: Mapping[str, Any]) -> Rule:
    name = str(values.get("id", "?"))
    for part in values.keys() - PARTS:
        raise Problem(f"a rule has no part '{part}'", where=f"rules.yaml, rule {name}", advice=nearest(part, PARTS))
    for part in {"id", "when", "says", "evidence"} - values.keys():
        advice = f"write {part} beside the others" if part != "evidence" else "name a paper, a thread or a measurement"
        raise Problem(f"the part '{part}' is missing", where=f"rules.yaml, rule {name}", advice=advice)
    lowered = {method: -places for method, places in values.get("against", {}).items()}
    return Rule(
        id=name,
        when=values["when"],
        says=values["says"],
        evidence=tuple(values["evidence"]),
        points={**values.get("for", {}), **lowered},
        first=tuple(values.get("first", ())),
        sets=values.get("set", {}),
        instead=values.get("instead", ""),
        warns=values.get("warns", False),
    )


def _met(wanted: Any, trait: Trait) -> bool:
    if isinstance(wanted, str) and wanted.startswith(NOT):
        return trait != wanted.removeprefix(NOT)
    if trait is None:
        return False
    if isinstance(trait, tuple):
        return any(_met(wanted, one) for one in trait)
    if isinstance(wanted, list):
        return trait in wanted
    sign = next((sign for sign in COMPARED if isinstance(wanted, str) and wanted.startswith(sign)), "")
    if sign:
        return isinstance(trait, (int, float)) and COMPARED[sign](trait, float(wanted[len(sign) :]))
    return bool(trait == wanted)


def _shown(name: str, value: Trait) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ", ".join(value) if isinstance(value, tuple) else str(value)
    return words.gib(value) if name.endswith("gib") else words.count(int(value))
