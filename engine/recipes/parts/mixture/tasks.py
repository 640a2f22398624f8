"""Several tasks at once: each has its rows, columns and prompt, its share of the training, and a test of its own."""

import random
from typing import Any

from datasets import Dataset, concatenate_datasets

from engine.recipes.parts.begin import SEED
from engine.recipes.parts.cleaning.none import clean
from engine.recipes.parts.data.few_rows import few
from engine.recipes.parts.data.load.general import read
from engine.recipes.parts.data.split.filled import split
from engine.recipes.parts.halves import check_halves
from engine.recipes.parts.roles import roles
from engine.recipes.parts.template import filled

TRAIN: tuple[dict[str, object], ...] = ()  # the tasks: file, name, columns, template, weight, test and group of each


def conversation(row: dict[str, Any], template: str) -> list[dict[str, Any]]:
    """Return a row of any form as a conversation; turns that are given already are kept."""
    if "messages" in row:
        return [{name: value for name, value in turn.items() if value is not None} for turn in row["messages"]]
    asked, answer = row.get("prompt"), row["output"] if "output" in row else row["completion"]
    if not isinstance(asked, list):
        usual = "{prompt}" if "prompt" in row else "{instruction}\n\n{input}"
        asked = [{"role": "user", "content": filled(template or usual, row)}]
    return [*asked, *(answer if isinstance(answer, list) else [{"role": "assistant", "content": answer}])]


def conversations(rows: Dataset, task: dict[str, Any]) -> Dataset:
    """Return the rows of a task as `messages`, with the tools where there are any."""
    named = roles(rows, task["columns"])
    return named.map(
        lambda row: {"messages": conversation(row, task["template"])},
        remove_columns=[name for name in named.column_names if name not in ("messages", "tools")],
    )


def read_tasks() -> dict[str, tuple[Dataset, Dataset]]:
    """Return training and test rows of every task by its name, in the order in which they are given."""
    tasks: list[dict[str, Any]] = list(TRAIN)
    found = {}
    for task in tasks:
        tests = few(read(task["test"])) if task["test"] else None
        every = clean(few(read(task["file"])), task["columns"], task["file"], tests)
        train, test = split(every, task["group"]) if tests is None else (every, tests)
        train, test = conversations(train, task), conversations(test, task)
        check_halves(train, test, f"the task {task['name']} ({task['file']})")
        found[task["name"]] = train, test
    return found


def mixed(train: dict[str, Dataset]) -> tuple[Dataset, dict[str, float]]:
    """Return the rows that are trained on, as many as there are in all, and how much of them each task is.

    A task with a weight gets that share: its rows are gone through in an order that the seed decides, over and over,
    until there are enough. Without weights every row is taken once.
    """
    tasks: list[dict[str, Any]] = list(TRAIN)
    total = sum(map(len, train.values()))
    weights = {task["name"]: task["weight"] or len(train[task["name"]]) for task in tasks}
    taken = {}
    for name, rows in train.items():
        order = list(range(len(rows)))
        random.Random(SEED).shuffle(order)
        wanted = max(1, round(total * weights[name] / sum(weights.values())))
        taken[name] = rows.select([order[place % len(order)] for place in range(wanted)])
    mix = concatenate_datasets(list(taken.values()))
    return mix, {name: len(rows) / len(mix) for name, rows in taken.items()}
