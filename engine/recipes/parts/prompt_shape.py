"""The shape of a learned prompt."""

from typing import Any

from transformers import PreTrainedModel

from engine.recipes.parts.virtual_tokens import TOKENS


def prompt_shape(model: PreTrainedModel) -> dict[str, Any]:
    """Return the shape of a prompt that is as wide as the embeddings; an encoder-decoder gets it before the encoder."""
    return {
        "num_virtual_tokens": TOKENS,
        "token_dim": model.get_input_embeddings().embedding_dim,
        "num_layers": getattr(model.config, "num_hidden_layers", 1),
        "num_attention_heads": getattr(model.config, "num_attention_heads", 1),
        "num_transformer_submodules": 1,
    }
