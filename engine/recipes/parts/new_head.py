"""The head of a classifier: it is new, so it trains whole and is saved with the adapter."""

from peft import TaskType
from transformers import PreTrainedModel


def new_head(model: PreTrainedModel, task: TaskType) -> list[str] | None:
    """Return the names of what stands on a classifier's body; for every other task the base keeps its head."""
    if task != TaskType.SEQ_CLS:
        return None
    parts = {name for name, part in model.named_children() if any(True for _ in part.parameters())}
    return sorted(parts - {model.base_model_prefix})
