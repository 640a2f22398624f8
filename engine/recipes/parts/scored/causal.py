"""What a model that continues texts says of rows: a distribution over the next token, at every learned token."""

import torch

from engine.recipes.parts.predictions import predictions


def scored(model: torch.nn.Module, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return logits (n, vocabulary) in 32 bit and what they should have predicted (n,)."""
    outputs = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
    return predictions(outputs.logits, batch["labels"])
