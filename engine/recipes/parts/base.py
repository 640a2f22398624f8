"""The base model: where it comes from and how its weights are held."""

from typing import Any

import torch

BASE_MODEL: str = "sentence-transformers/all-MiniLM-L6-v2"  # a folder or a hub id
REVISION: str = "main"  # branch, tag or commit of a hub model
DTYPE: str = "fp32"  # how the weights are stored while training: bf16, fp16 or fp32
ATTENTION: str = "sdpa"  # the attention kernel: flash, sdpa or eager
TRUST_REMOTE_CODE: bool = False  # run Python code that comes with the model


def torch_dtype(name: str) -> torch.dtype:
    """Return the torch type of bf16, fp16 or fp32."""
    return {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[name]


def model_arguments() -> dict[str, Any]:
    """Return how every loader holds the weights."""
    kernel = {"flash": "flash_attention_2"}.get(ATTENTION, ATTENTION)
    return {"dtype": torch_dtype(DTYPE), "attn_implementation": kernel}
