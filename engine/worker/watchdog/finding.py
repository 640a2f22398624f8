"""What a check sees of a training, and what it may find."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

BEGINNING = 60
"""Characters of a row's text that are enough to find it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that goes wrong: a code, what was seen and why, and what to do about it."""

    code: str
    message: str
    advice: str


@dataclass(slots=True)
class Sight:
    """What the trainer shows: the model, its arguments, the tokenizer, and the newest batch that went in."""

    model: Any
    args: Any
    state: Any
    tokenizer: Any = None
    batch: dict[str, Any] = field(default_factory=dict)
    skipped: int = 0
    """Steps whose gradient was no finite number in fp16: the scaler skips them while it looks for its scale."""

    def rows(self) -> str:
        """Return how the texts of the newest batch begin, as far as they can be read."""
        tokens = self.batch.get("input_ids")
        if self.tokenizer is None or not isinstance(tokens, torch.Tensor) or tokens.dim() != 2:
            return ""
        texts = [
            self.tokenizer.decode(row, skip_special_tokens=True)[:BEGINNING].strip() for row in tokens[:2].tolist()
        ]
        return "; its rows begin with " + " and ".join(repr(text) for text in texts) if any(texts) else ""

    def nothing_is_learned(self) -> bool:
        """Say whether the newest batch has labels and all of them are masked."""
        labels = self.batch.get("labels")
        return isinstance(labels, torch.Tensor) and labels.dim() == 2 and not bool((labels != -100).any())


class Check:
    """One check; it overrides what it needs. Each returns a finding or None, and every code is said once."""

    def untouched(self, metrics: dict[str, Any]) -> None:
        """The untouched model was measured."""

    def begin(self, sight: Sight) -> None:
        """The first step lies ahead."""

    def gradients(self, sight: Sight, step: int) -> Finding | None:
        """Gradients are there and the weights have not moved yet."""

    def fetched(self, sight: Sight, step: int, waited: float) -> Finding | None:
        """The batch of a step is there after so many seconds."""

    def stepped(self, sight: Sight, step: int) -> Finding | None:
        """A step is done."""

    def logged(self, sight: Sight, step: int, logs: dict[str, Any]) -> Finding | None:
        """A point of the training's curves was reported."""

    def evaluated(self, sight: Sight, step: int, metrics: dict[str, Any]) -> Finding | None:
        """The test rows were measured."""

    def saved(self, sight: Sight, step: int) -> Finding | None:
        """A checkpoint was written."""

    def ended(self, sight: Sight, step: int) -> Finding | None:
        """The last step is done."""


Tell = Callable[[Finding, int], None]
