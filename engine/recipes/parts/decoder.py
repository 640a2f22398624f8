"""Whether the base model can be turned into a decoder that rebuilds a text from its embedding."""

import torch
from transformers import AutoModelForCausalLM

from engine.recipes.parts.base_config import base_config
from engine.recipes.parts.embedding_width import embedding_width


def check_decoder() -> None:
    """Refuse a model without cross-attention before its weights are loaded: the decoder would not see the embedding."""
    config = base_config()
    config.is_decoder = config.add_cross_attention = True
    try:
        with torch.device("meta"):
            names = [name for name, _ in AutoModelForCausalLM.from_config(config).named_modules()]
    except ValueError:
        names = []
    if not any("cross" in name for name in names) or config.hidden_size != embedding_width():
        raise ValueError(
            f"a {config.model_type} model cannot rebuild texts from its embeddings as DenoisingAutoEncoderLoss wants "
            "(BERT and RoBERTa can): take ContrastiveTensionLossInBatchNegatives"
        )
