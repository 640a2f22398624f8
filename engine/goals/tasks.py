"""Several tasks in one training: a list of files, each with its columns, its prompt and its weight."""

import re
from pathlib import PurePath
from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, Tag

from engine.data.roles import shapes
from engine.problem import nearest
from engine.section import Section

RESERVED = ("eval", "keep")
"""Names that would be mistaken for other curves: the whole of all tasks, and the rows on which nothing is forgotten."""


def name_of(file: str) -> str:
    """Return what a task is called when nobody names it: its file's name, as far as a curve can be called that."""
    return re.sub(r"[^A-Za-z0-9]+", "-", PurePath(file).name.split(".")[0]).strip("-")[:40] or "task"


def known_roles(columns: dict[str, str]) -> dict[str, str]:
    """Return the columns; a role that no row to imitate has raises ValueError with the nearest one."""
    roles = {role for shape in shapes("sft") for role in shape.roles}
    strange = next((role for role in columns if role not in roles), None)
    if strange is not None:
        raise ValueError(f"there is no role '{strange}'; {nearest(strange, roles)}")
    return columns


class Task(Section):
    """One of several tasks that are learned at once."""

    file: Annotated[str, Field(min_length=1)]
    """A file (json, jsonl, csv, tsv, parquet), a folder of such files, or a hub id."""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,39}$")] = Field(
        default_factory=lambda known: name_of(str(known.get("file", "")))
    )
    """What its curves and its row in the results are called: letters, digits and dashes."""
    columns: Annotated[dict[str, str], AfterValidator(known_roles)] = Field(default_factory=dict)
    """Which column plays which role, for instance {prompt: question, completion: answer}."""
    template: str = ""
    """How the columns become one prompt, such as "Summarise: {prompt}"; empty: the instruction and its input, or the
    prompt as it is."""
    weight: Annotated[float, Field(ge=0)] = 0.0
    """Share of the training beside the other weights: rows are repeated or left out so that it holds. 0 for all: every
    row is taken once."""
    test: str = ""
    """A file of test rows; empty: a share of the task's rows is held out."""
    group: str = ""
    """A column whose equal values stay together, so that one document is never in both train and test."""


def _form(value: Any) -> str:
    return "file" if isinstance(value, str) else "tasks"


Tasks = Annotated[
    Annotated[str, Field(min_length=1), Tag("file")] | Annotated[tuple[Task, ...], Field(min_length=1), Tag("tasks")],
    Discriminator(_form),
]
"""One file of rows, or several tasks."""


def check_tasks(tasks: tuple[Task, ...]) -> None:
    """Raise ValueError when two tasks are called the same, or only some of them have a weight."""
    names = [task.name for task in tasks]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"two tasks are called '{twice}'; give each a name of its own")
    reserved = next((name for name in names if name in RESERVED), None)
    if reserved is not None:
        raise ValueError(f"no task can be called '{reserved}', other curves are; give it another name")
    if len({bool(task.weight) for task in tasks}) > 1:
        raise ValueError("some tasks have a weight and some have none; give a weight to all of them or to none")
