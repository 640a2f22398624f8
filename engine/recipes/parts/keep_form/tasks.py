"""Whether rows to be kept have the form of one of several tasks."""

from typing import Any

from datasets import Dataset

from engine.recipes.parts.mixture.tasks import TRAIN, conversations


def in_form(rows: Dataset) -> Dataset | None:
    """Return the rows as conversations in the form of the first task whose columns they have, or None."""
    tasks: list[dict[str, Any]] = list(TRAIN)
    drop_too_long = (task for task in tasks if set(task["columns"].values()) <= set(rows.column_names))
    task = next(drop_too_long, None)
    return conversations(rows, task) if task else None
