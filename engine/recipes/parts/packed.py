"""Weights that are stored in 4 or 8 bit cannot be trained themselves."""

from transformers import PreTrainedModel


def refuse_packed(model: PreTrainedModel) -> None:
    """Refuse a model whose own weights are packed."""
    if getattr(model.config, "quantization_config", None) is not None:
        raise ValueError(
            f"{model.name_or_path} is stored in few bits: only adapters can be trained on it (method.kind lora)"
        )
