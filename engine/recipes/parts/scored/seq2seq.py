"""What a model that turns one text into another says of rows: a distribution over every token of the answer."""

from typing import Any

import torch


def scored(model: torch.nn.Module, batch: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return logits (n, vocabulary) in 32 bit and what they should have predicted (n,)."""
    logits, wanted = model(**batch).logits, batch["labels"]
    return logits[wanted != -100].float(), wanted[wanted != -100]
