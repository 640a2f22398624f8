"""What a classifier says of rows: a distribution over the classes."""

from typing import Any

import torch


def scored(model: torch.nn.Module, batch: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return logits (n, classes) in 32 bit and the classes of the rows (n,)."""
    seen = {name: values for name, values in batch.items() if name != "labels"}
    return model(**seen).logits.float(), batch["labels"]
