"""A frozen encoder: texts in, one vector each out."""

from pathlib import Path
from typing import Any

from sentence_transformers import SentenceTransformer

from engine.recipes.parts.base import ATTENTION, DTYPE, REVISION, TRUST_REMOTE_CODE
from engine.recipes.parts.environment import DEVICE
from engine.recipes.parts.reading import MAX_LENGTH
from engine.recipes.parts.weights.whole import base_model


def load_frozen_encoder(**more: Any) -> SentenceTransformer:
    """Return the base model as an encoder; a plain one averages over the tokens of a text."""
    encoder = SentenceTransformer(
        base_model(),
        revision=REVISION,
        trust_remote_code=TRUST_REMOTE_CODE,
        device=DEVICE,
        local_files_only=Path(base_model()).is_dir(),  # a folder's name is not asked of the hub for the model card
        model_kwargs={"dtype": DTYPE, "attn_implementation": ATTENTION},
        **more,
    )
    encoder.max_seq_length = MAX_LENGTH
    tokenizer = encoder.tokenizer
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    return encoder.requires_grad_(False).eval()
