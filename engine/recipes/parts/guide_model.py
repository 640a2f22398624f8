"""The model that knows which texts are alike: it strikes out wrong answers that are right after all."""

from sentence_transformers import SentenceTransformer

from engine.recipes.parts.base import ATTENTION, DTYPE, REVISION, TRUST_REMOTE_CODE
from engine.recipes.parts.environment import DEVICE
from engine.recipes.parts.reading import MAX_LENGTH
from engine.recipes.parts.weights.whole import base_model

GUIDE: str = ""  # the guide, a folder or a hub id; empty: the untouched base


def load_guide() -> SentenceTransformer:
    """Return the guide, which never trains."""
    guide = SentenceTransformer(
        GUIDE or base_model(),
        revision=None if GUIDE else REVISION,
        trust_remote_code=TRUST_REMOTE_CODE,
        device=DEVICE,
        model_kwargs={"dtype": DTYPE, "attn_implementation": ATTENTION},
    )
    if not GUIDE:
        guide.max_seq_length = MAX_LENGTH
    return guide.requires_grad_(False).eval()
