"""Conversations go to the chat template as they stand in the rows."""

from typing import Any

from transformers import PreTrainedTokenizerBase


def thoughtful(turns: list[dict[str, Any]], _: PreTrainedTokenizerBase) -> list[dict[str, Any]]:
    """Return the turns as they are."""
    return turns
