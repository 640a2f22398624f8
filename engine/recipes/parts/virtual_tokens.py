"""Virtual tokens: how many are put before the text, and whether there is room for them."""

from transformers import PreTrainedModel

from engine.recipes.parts.reading import MAX_LENGTH

TOKENS: int = 20  # virtual tokens that are put before the text


def check_room(model: PreTrainedModel) -> None:
    """Refuse texts that no longer fit with what is put before them."""
    context = getattr(model.config, "max_position_embeddings", None)
    if context and context < TOKENS + MAX_LENGTH:
        raise ValueError(
            f"{TOKENS} virtual tokens and texts of {MAX_LENGTH} are more than the {context} tokens that the model "
            f"reads: set training.max_length to {max(8, context - TOKENS)}, or take fewer method.tokens"
        )
