"""Small trainable layers after attention and MLP of every block of an embedding model; its own weights are frozen."""

import torch
from peft import TaskType
from sentence_transformers import SentenceTransformer
from transformers import PreTrainedModel

from engine.recipes.parts.bottleneck_tuner import bottleneck_config
from engine.recipes.parts.trained_dtype.fp32 import store_trained


def adapt_body(body: PreTrainedModel) -> None:
    """Put adapters into the transformer."""
    config = bottleneck_config(body, TaskType.FEATURE_EXTRACTION)
    body.add_adapter(config)
    store_trained(body)


def adapt_encoder(encoder: SentenceTransformer) -> None:
    """Put adapters into the encoder and freeze everything else."""
    encoder.requires_grad_(False)
    adapt_body(encoder.transformers_model)


def saved_weights(encoder: SentenceTransformer) -> dict[str, torch.Tensor]:
    """Return the adapters' weights under the names that a checkpoint gives them."""
    return {f"base_model.model.{name}": weight for name, weight in encoder.get_adapter_state_dict().items()}
