"""The guide: from goal, model, data, machine and wishes to one complete run, with a reason for every yes and no."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.answers import asked_method, complete, for_method, hold
from engine.cautions import cautions
from engine.config import Run
from engine.defaults import fill
from engine.document import check
from engine.draft import Draft, Facts
from engine.estimate import Estimate, estimate
from engine.problem import Problem
from engine.ranking import Candidate, Refused, Verdict, rank
from engine.rhythm import rhythm
from engine.rules import Advice, Question, Rule, Traits, Wishes, advice, check_wishes, holding, questions, rules
from engine.sizing import size
from engine.tables import table
from engine.traits import fits, traits

__all__ = ["Advice", "Facts", "Plan", "Question", "Verdict", "Wishes", "questions", "recommend"]

NO_WISHES = Wishes()


@dataclass(frozen=True, slots=True)
class Plan:
    """A complete run, why each of its fields is as it is, and every method of the goal, the recommended one first.

    `instead` are other goals that should come first or serve better; `rules` are the ids of all rules that held.
    """

    run: Run
    reasons: dict[str, str]
    ranking: tuple[Verdict, ...]
    estimate: Estimate | None
    warnings: tuple[str, ...]
    instead: tuple[Advice, ...] = ()
    rules: tuple[str, ...] = ()


def recommend(answers: dict[str, Any], facts: Facts, wishes: Wishes = NO_WISHES) -> Plan:
    """Return the plan for what the person has answered so far; a field in `answers` is never changed.

    Raises a Problem in one sentence when the answers do not go together or with the facts.
    """
    given = complete(answers, facts)
    check_wishes(given["goal"], wishes)
    hold(given, facts)
    asked = asked_method(given)
    known = traits(Draft(given), facts, wishes)
    kinds: list[str] = table("guide")["goals"][given["goal"]]["methods"]
    order = sorted(kinds, key=lambda kind: kind != asked)  # so that what is wrong with the answers is said first
    compared = {kind: _compared(given, kind, asked, facts, known) for kind in order}
    candidates = [each for kind in kinds if isinstance(each := compared[kind], Candidate)]
    refused = [each for kind in kinds if isinstance(each := compared[kind], Refused)]
    if not any(each.possible for each in candidates):
        raise refused[0].problem if refused else _nothing_possible(given["goal"], facts)
    known |= fits([(each.kind, each.fits) for each in candidates])
    held = holding(known)
    ranking = rank(candidates, refused, facts, held, known)
    chosen = next(each for each in candidates if each.kind == (asked or ranking[0].method))
    _explain(chosen, ranking)
    said = (rule.sentence(known) for rule in held if rule.warns)
    warnings = tuple(dict.fromkeys([*chosen.draft.warnings, *said, *cautions(chosen, ranking, facts)]))
    names = tuple(dict.fromkeys([*(rule.id for rule in held), *(rule.id for rule in _setting(known, chosen.kind))]))
    reasons = chosen.draft.reasons
    return Plan(chosen.run, reasons, ranking, chosen.estimate, warnings, tuple(advice(held, known)), names)


def _explain(chosen: Candidate, ranking: tuple[Verdict, ...]) -> None:
    """Give the chosen method its reason: the verdict on it, and the first thing that is said of it."""
    verdict = next(row for row in ranking if row.method == chosen.kind)
    because = verdict.reasons[0].lstrip("+− ")
    chosen.draft.replace("method.kind", chosen.kind, "kind", verdict=verdict.verdict, because=because)


def _compared(
    given: Mapping[str, Any], kind: str, asked: str | None, facts: Facts, known: Traits
) -> Candidate | Refused:
    """Return the run of one method, or why there is none; storage chosen for another one does not stand in its way."""
    try:
        return _candidate(given, kind, facts, known)
    except Problem as problem:
        if kind == asked:
            raise
        if problem.code != "fp16-full":
            return Refused(kind, problem)
    kept = {name: value for name, value in given["model"].items() if name != "dtype"}
    return _candidate({**given, "model": kept}, kind, facts, known)


def _candidate(given: Mapping[str, Any], kind: str, facts: Facts, known: Traits) -> Candidate:
    """Return the complete run of one method for the same answers."""
    draft = for_method(given, kind)
    for rule in _setting(known, kind):
        for dotted, value in rule.sets.items():
            draft.decide(dotted, value, rule.sentence(known))
    fill(draft, facts)
    size(draft, facts)
    rhythm(draft, facts, check(draft.values))
    run = check(draft.values)
    spent = estimate(run, facts.model, facts.machine, facts.data) if facts.model else None
    possible = not (facts.model and facts.model.quantized and draft.moves_base)
    return Candidate(kind, draft, run, spent, possible)


def _nothing_possible(goal: str, facts: Facts) -> Problem:
    name = facts.model.id if facts.model else "this model"
    return Problem(f"no method of the goal {goal} can train {name}", advice="choose a model that is not packed")


def _setting(known: Traits, kind: str) -> list[Rule]:
    """Return the rules that set fields of this method's run."""
    return [rule for rule in rules() if rule.sets and rule.holds({**known, "method": kind})]
