"""What a model that continues texts says of rows: a distribution over the next token, at every learned token."""

from typing import Any

import torch

from engine.recipes.parts.predictions import predictions


def scored(model: torch.nn.Module, batch: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return logits (n, vocabulary) in 32 bit and what they should have predicted (n,)."""
    seen = {name: values for name, values in batch.items() if name != "labels"}
    return predictions(model(**seen).logits, batch["labels"])
