"""Continuing texts, as a task of PEFT and in the results."""

from peft import TaskType


def task_type() -> TaskType:
    """Return what PEFT calls its task."""
    return TaskType.CAUSAL_LM


def kind_of_model() -> dict[str, str]:
    """Return what the results say of the model: nothing, a goal of texts has one that continues them."""
    return {}
