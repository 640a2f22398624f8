"""Whether the base model can be turned into a decoder that rebuilds a text from its embedding."""

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from engine.recipes.parts.base import REVISION, TRUST_REMOTE_CODE
from engine.recipes.parts.embedding_width import embedding_width
from engine.recipes.parts.weights.whole import base_model


def check_decoder() -> None:
    """Refuse a model without cross-attention before its weights are loaded: the decoder would not see the embedding."""
    config = AutoConfig.from_pretrained(base_model(), revision=REVISION, trust_remote_code=TRUST_REMOTE_CODE)
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
