"""Learned factors on keys, values and the MLP of an embedding model whose own weights are frozen."""

import torch
from peft import TaskType
from sentence_transformers import SentenceTransformer
from transformers import PreTrainedModel

from engine.recipes.parts.ia3_config import ia3_config
from engine.recipes.parts.trained_dtype.fp32 import store_trained


def adapt_body(body: PreTrainedModel) -> None:
    """Put factors of one into the transformer."""
    config = ia3_config(body, TaskType.FEATURE_EXTRACTION)
    body.add_adapter(config)
    store_trained(body)


def adapt_encoder(encoder: SentenceTransformer) -> None:
    """Put factors of one into the encoder and freeze everything else."""
    encoder.requires_grad_(False)
    adapt_body(encoder.transformers_model)


def saved_weights(encoder: SentenceTransformer) -> dict[str, torch.Tensor]:
    """Return the factors under the names that a checkpoint gives them."""
    return {f"base_model.model.{name}": weight for name, weight in encoder.get_adapter_state_dict().items()}
