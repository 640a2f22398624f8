"""What is known of a run's rows that a person should not miss: one list, made before the start, said again everywhere.

`findings` makes the list, `create` writes it into the run's folder, and the commands and screens repeat it from there.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from engine.config import Run
from engine.data.audit import Way, audit
from engine.data.facts import DataProblem
from engine.data.unused import unused
from engine.draft import Facts
from engine.length_findings import too_long
from engine.problem import Problem

FILE = "findings.json"
MINOR = frozenset({"too_few_rows", "encoding", "delimiter", "wrong_suffix", "no_header", "no_goal_fits"})
"""Codes that only a look at the data tells: they change nothing of what is trained."""
GRAVITY = {"wrong": 0, "warning": 1, "note": 2}
Source = Callable[[Run, Facts], Iterable[DataProblem]]


def findings(run: Run, facts: Facts) -> tuple[DataProblem, ...]:
    """Return what matters of the rows of a complete run, the gravest first; nothing where no data was looked at."""
    if facts.data is None:
        return ()
    every = (problem for source in SOURCES for problem in source(run, facts))
    left_out = set(run.data.drop)
    kept = {each.message: each for each in every if each.code not in MINOR and each.code not in left_out}
    return tuple(sorted(kept.values(), key=lambda each: GRAVITY[each.severity]))


def _looked_at(run: Run, facts: Facts) -> Iterable[DataProblem]:
    for problem in facts.data.problems if facts.data else ():
        if problem.code == "splits" and facts.data and run.data.test != facts.data.test:
            advice = "rows of the training files are held out in its place" if not run.data.test else ""
            yield replace(problem, message=f"not used: {facts.data.test}", advice=advice)
        else:
            yield problem


def _unused(run: Run, facts: Facts) -> Iterable[DataProblem]:
    if facts.data is None or facts.data.parts or run.goal == "reinforce":  # a reward gets every column
        return ()
    used = [*run.data.columns.values(), run.data.group]
    return unused(facts.data, used, run.data.convert) if run.data.columns else ()


def _audited(run: Run, facts: Facts) -> Iterable[DataProblem]:
    data = run.data
    if facts.data is None or facts.data.parts or not data.columns:
        return ()
    marks = getattr(data, "no_label", ())
    return audit(Way(data.source, run.goal, data.columns, data.convert, marks, data.chat_roles))


SOURCES: tuple[Source, ...] = (_looked_at, _audited, _unused, too_long)
"""Where findings come from; each gets the complete run and what is known of model, data and machine."""


def refuse_wrong(run: Run, found: Sequence[DataProblem]) -> None:
    """Raise a Problem where nothing could be learned from the rows."""
    for each in found:
        if each.severity == "wrong":
            raise Problem(each.message, where=run.data.told, advice=each.advice, code=each.code)


def as_json(found: Sequence[DataProblem]) -> str:
    """Return the findings as the text of their file."""
    return json.dumps([asdict(each) for each in found], indent=1)


def kept(folder: Path) -> tuple[DataProblem, ...]:
    """Return what was found before a run was started; nothing where its folder says nothing that can be read."""
    try:
        listed = json.loads((folder / FILE).read_text("utf-8"))
        return tuple(DataProblem(**{**each, "rows": tuple(each["rows"]), "remedies": ()}) for each in listed)
    except (OSError, ValueError, TypeError, KeyError):
        return ()


def sentence(problem: DataProblem) -> str:
    """Return a finding and what to do about it as one line."""
    row = f"row {problem.row:,}: " if problem.row is not None and problem.count is None else ""
    return f"{row}{problem.message}{f'; {problem.advice}' if problem.advice else ''}"
