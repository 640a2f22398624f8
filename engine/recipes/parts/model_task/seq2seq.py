"""Turning one text into another, as a task of PEFT and in the results."""

from peft import TaskType


def task_type() -> TaskType:
    """Return what PEFT calls its task."""
    return TaskType.SEQ_2_SEQ_LM


def kind_of_model() -> dict[str, str]:
    """Return what the results say of the model, so that it is loaded as what it is."""
    return {"model_kind": "seq2seq"}
