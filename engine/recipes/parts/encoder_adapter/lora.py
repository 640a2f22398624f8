"""Low-rank adapters in an embedding model whose own weights are frozen."""

import torch
from peft import LoraConfig, TaskType
from sentence_transformers import SentenceTransformer
from transformers import PreTrainedModel

from engine.recipes.parts.base import DTYPE
from engine.recipes.parts.lora_config import ALPHA, DORA, DROPOUT, INIT, RANK, RSLORA, lora_targets
from engine.recipes.parts.trained_dtype.chosen import ADAPTER_DTYPE, store_trained


def adapt_body(body: PreTrainedModel) -> None:
    """Put adapters into the transformer; a pooler stays out, since nothing reads it."""
    config = LoraConfig(
        task_type=TaskType.FEATURE_EXTRACTION,
        r=RANK,
        lora_alpha=ALPHA,
        lora_dropout=DROPOUT,
        target_modules=lora_targets(body),
        use_rslora=RSLORA,
        use_dora=DORA,
        init_lora_weights=True if INIT == "default" else INIT,
    )
    if any("pooler" in name for name, _ in body.named_modules()):
        config.exclude_modules = r".*pooler.*"
    body.add_adapter(config)
    if ADAPTER_DTYPE == "bf16" or DTYPE != "float32":
        store_trained(body)


def adapt_encoder(encoder: SentenceTransformer) -> None:
    """Put adapters into the encoder and freeze everything else."""
    encoder.requires_grad_(False)
    adapt_body(encoder.transformers_model)


def saved_weights(encoder: SentenceTransformer) -> dict[str, torch.Tensor]:
    """Return the adapter's weights under the names that a checkpoint gives them."""
    return {f"base_model.model.{name}": weight for name, weight in encoder.get_adapter_state_dict().items()}
