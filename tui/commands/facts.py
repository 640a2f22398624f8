"""From a run file, or a few answers, to a plan: what the file says, what is known, and what the guide adds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine import document
from engine.config import given
from engine.data import DataFacts
from engine.data import look as look_at_data
from engine.data.within import source_of
from engine.defaults import LARGE
from engine.dry_run import Planned
from engine.estimate import Estimate
from engine.fitting import cheapest, least_card
from engine.guide import Facts, Plan, Wishes, recommend
from engine.machine import Machine, imagine
from engine.machine import look as look_at_machine
from engine.model import ModelFacts
from engine.model import look as look_at_model
from engine.problem import Problem
from tui.words import gib

ABSENT = ("missing", "offline", "gated", "not_downloaded")
"""Codes of what is not here now but may be where the run goes."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The facts of a run, and what of it could not be looked at."""

    facts: Facts
    unseen: tuple[Problem, ...] = ()


def run_file(path: Path) -> Path:
    """Return the run file that a path stands for: itself, or the one in a run's folder."""
    inside = path / "run.yaml"
    return inside if inside.is_file() else path


def answers_of(path: Path, assignments: Sequence[str], runs: Path | None = None) -> dict[str, Any]:
    """Return what a run file and `--set` say, checked; a fault that only `--set` brings in is wrong usage.

    An earlier run that it begins `from:` is looked for in the folder `runs`.
    """
    try:
        return dict(given(document.load(path, assignments, runs)))
    except Problem as problem:
        if not assignments or problem.where.startswith("--") or not _is_right(path, runs):
            raise
        raise Problem(problem.what, where="--set", advice=problem.advice) from None


def _is_right(path: Path, runs: Path | None) -> bool:
    try:
        document.load(path, (), runs)
    except Problem:
        return False
    return True


def machine_or(runs: Path, gpu: str | None, vram: float | None) -> Machine:
    """Return this machine, or what it would be with another card."""
    return imagine(look_at_machine(runs), gpu, vram)


def elsewhere(answers: dict[str, Any], machine: Machine) -> dict[str, Any]:
    """Return the answers without the device that they name here, when another card is imagined."""
    if not machine.imagined or "launch" not in answers:
        return answers
    kept = {name: value for name, value in answers["launch"].items() if name not in ("device", "devices")}
    return {**answers, "launch": kept}


def see(answers: Mapping[str, Any], machine: Machine) -> Sight:
    """Look at model and data as far as they are here; what is wrong with what is here raises a Problem."""
    unseen: list[Problem] = []
    model: ModelFacts | None = None
    data: DataFacts | None = None
    try:
        model = look_at_model(answers["model"]["id"], answers["model"].get("revision", "main"))
    except Problem as problem:
        unseen.append(_absent(problem))
    try:
        data = look_at_data(source_of(answers["data"])) if "data" in answers else None
    except Problem as problem:
        unseen.append(_absent(problem))
    return Sight(Facts(machine, model, data), tuple(unseen))


def _absent(problem: Problem) -> Problem:
    if problem.code not in ABSENT:
        raise problem
    return problem


def plan(answers: dict[str, Any], sight: Sight) -> Plan:
    """Return the complete run; a Problem of the answers is told after what could not be looked at."""
    try:
        return recommend(answers, sight.facts)
    except Problem:
        if sight.unseen:
            raise sight.unseen[0] from None
        raise


def here(answers: dict[str, Any], machine: Machine) -> Facts:
    """Return the facts of a run whose model and data must be within reach, and whose rows can be trained on."""
    sight = see(answers, machine)
    if sight.unseen:
        raise sight.unseen[0]
    if sight.facts.data is not None:
        _check_rows(sight.facts.data)
    return sight.facts


def wished(answers: Sequence[str]) -> Wishes:
    """Return the answers to the guide's questions, each given as question=answer."""
    said = {}
    for answer in answers:
        name, equals, choice = answer.partition("=")
        if not (name and equals and choice):
            raise Problem(f"'{answer}' answers no question", where="--wish", advice="write it as keep=yes")
        said[name.strip()] = choice.strip()
    return Wishes(said)


def _check_rows(data: DataFacts) -> None:
    # roles may be given by hand where no goal fits; a single row is what a person understands first
    wrong = [problem for problem in data.problems if problem.severity == "wrong" and problem.code != "no_goal_fits"]
    for problem in sorted(wrong, key=lambda problem: problem.code != "one_row"):
        raise Problem(problem.message, where=data.path, advice=problem.advice, code=problem.code)


def estimated(
    file: Path, assignments: Sequence[str], machine: Machine, runs: Path | None = None
) -> tuple[Estimate, tuple[Problem, ...]]:
    """Return what the run of a file will need, and what could not be looked at; without its model nothing is known."""
    planned, sight = _planned(file, assignments, machine, runs)
    if planned.estimate is None:
        raise sight.unseen[0]
    return planned.estimate, sight.unseen


def traceable(file: Path, assignments: Sequence[str], machine: Machine, runs: Path | None = None) -> Planned:
    """Return what a dry run of a file starts from; without its model there is nothing to trace."""
    planned, sight = _planned(file, assignments, machine, runs)
    if sight.facts.model is None:
        raise sight.unseen[0]
    return Planned(planned.run, sight.facts.model, sight.facts.data)


def way_out(file: Path, assignments: Sequence[str], machine: Machine, runs: Path | None = None) -> str:
    """Return how much a run that does not fit is short of, and the cheapest change that would make it fit."""
    found, sight = _planned(file, assignments, machine, runs)
    spent = found.estimate
    if spent is None or spent.free_gib is None:
        return ""
    change = cheapest(found.run, sight.facts)
    card = least_card(spent) if found.run.launch.device != "cpu" else None
    otherwise = f"no change makes it fit; {card} is the smallest card that would" if card else "no change makes it fit"
    return f"{gib(spent.high_gib - spent.free_gib)} short: {f'it fits with {change.sentence}' if change else otherwise}"


def _planned(file: Path, assignments: Sequence[str], machine: Machine, runs: Path | None) -> tuple[Plan, Sight]:
    answers = elsewhere(answers_of(run_file(file), assignments, runs), machine)
    sight = _without_sample(see(answers, machine))
    answers = _as_written(answers, sight.facts)
    try:
        return recommend(answers, sight.facts), sight
    except Problem as problem:
        if problem.code == "columns":  # memory asks for no roles
            sight = Sight(replace(sight.facts, data=None), (*sight.unseen, problem))
        elif problem.code == "fp16-full":  # bf16 is as wide
            answers = {**answers, "model": {**answers["model"], "dtype": "bf16"}}
            sight = Sight(sight.facts, (*sight.unseen, problem))
        else:
            raise (sight.unseen[0] if sight.unseen else problem) from None
        return recommend(answers, sight.facts), sight


def _without_sample(sight: Sight) -> Sight:
    """Leave rows aside that cannot be trained on, such as a single one: the longest batch is not among them."""
    data = sight.facts.data
    try:
        if data is not None:
            _check_rows(data)
    except Problem as problem:
        return Sight(replace(sight.facts, data=None), (*sight.unseen, problem))
    return sight


def _as_written(answers: dict[str, Any], facts: Facts) -> dict[str, Any]:
    """Return the answers with what the file means where it is silent: no accumulation, and a card if it needs one."""
    training, launch = answers.get("training") or {}, answers.get("launch") or {}
    if "batch" in training and "accumulate" not in training:
        answers = {**answers, "training": {**training, "accumulate": 1}}
    if "device" in launch or facts.machine.gpus or not _asks_for_card(answers, facts.model):
        return answers
    return {**answers, "launch": {**launch, "device": "cuda"}}


def _asks_for_card(answers: dict[str, Any], model: ModelFacts | None) -> bool:
    """Say whether a run is meant for a GPU though none is here: its size, its packed weights, its 16-bit arithmetic."""
    said = {section: answers.get(section) or {} for section in ("model", "method", "training")}
    return bool(
        (model is not None and (model.parameters or 0) >= LARGE)
        or said["method"].get("kind") in ("qlora", "lora8")
        or said["model"].get("attention") == "flash"
        or said["training"].get("precision") in ("bf16", "fp16")
        or "8bit" in str(said["training"].get("optimizer", ""))
    )
