"""Whether the method goes with the embedding model, before any weights are loaded: names and shapes can tell."""

import torch
from transformers import AutoModel

from engine.recipes.parts.base import TRUST_REMOTE_CODE
from engine.recipes.parts.base_config import base_config
from engine.recipes.parts.encoder_adapter.lora import adapt_body


def check_encoder_method() -> None:
    """Put the method into the transformer without its weights; what does not fit raises a ValueError."""
    try:
        config = base_config()
    except OSError:
        return  # its transformer lies in a folder of its own, and is looked at when it is loaded
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        adapt_body(AutoModel.from_config(config, trust_remote_code=TRUST_REMOTE_CODE))
