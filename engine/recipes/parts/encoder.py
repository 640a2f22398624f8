"""The embedding model: texts in, one vector each out."""

from pathlib import Path

from sentence_transformers import SentenceTransformer

from engine.recipes.parts.base import ATTENTION, DTYPE, REVISION, TRUST_REMOTE_CODE
from engine.recipes.parts.environment import DEVICE
from engine.recipes.parts.reading import MAX_LENGTH
from engine.recipes.parts.weights.whole import base_model

QUERY_PROMPT: str = ""  # text put before every question, here and wherever the model is used
DOCUMENT_PROMPT: str = ""  # text put before every passage, here and wherever the model is used

ATTENTION_DROPOUT: float = 0.0  # share of the attention that is dropped; above 0 a CPU loses its fast kernel


def load_encoder() -> SentenceTransformer:
    """Return the model with its prompts; they are saved with it, so that every user of it applies them."""
    encoder = SentenceTransformer(
        base_model(),
        revision=REVISION,
        trust_remote_code=TRUST_REMOTE_CODE,
        device=DEVICE,
        local_files_only=Path(base_model()).is_dir(),  # a folder's name is not asked of the hub for the model card
        prompts={"query": QUERY_PROMPT, "document": DOCUMENT_PROMPT},
        model_kwargs={"dtype": DTYPE, "attn_implementation": ATTENTION},
        config_kwargs=dict.fromkeys(("attention_probs_dropout_prob", "attention_dropout"), ATTENTION_DROPOUT),
    )
    encoder.max_seq_length = MAX_LENGTH
    return encoder
