"""A model as it was before the training."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def without_prompt(model: Any) -> Iterator[None]:
    """Take away virtual tokens, which change what is said before they are trained; other methods begin as nothing."""
    if getattr(getattr(model, "active_peft_config", None), "is_prompt_learning", False):
        with model.disable_adapter():
            yield
    else:
        yield
