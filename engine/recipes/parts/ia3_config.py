"""Which layers get learned factors (Liu et al. 2022, arXiv:2205.05638)."""

from peft import IA3Config, TaskType
from peft.utils import (
    TRANSFORMERS_MODELS_TO_IA3_FEEDFORWARD_MODULES_MAPPING,
    TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING,
)
from transformers import PreTrainedModel

from engine.recipes.parts.linear_layers import attention_layers, linear_layers
from engine.recipes.parts.mlp_ends import mlp_ends
from engine.recipes.parts.new_head import new_head
from engine.recipes.parts.unknown_targets import unknown_targets

TARGETS: str | tuple[str, ...] = "default"  # which layers get factors: default or a list


def keys_and_values(model: PreTrainedModel) -> list[str]:
    """Return the layers that make keys and values, alone or together with the queries."""
    names = "k_proj v_proj key value k v k_lin v_lin key_proj value_proj Wk Wv"
    fused = "qkv_proj query_key_value c_attn Wqkv W_pack qkv in_proj kv_proj"
    known = (*names.split(), *fused.split())
    return [layer for layer in attention_layers(model) if layer.rpartition(".")[2] in known]


def factored(model: PreTrainedModel) -> tuple[list[str], list[str]]:
    """Return the layers that get factors, and those among them whose inputs are scaled: the ways out of the MLPs."""
    if TARGETS != "default":
        named = tuple(f".{name}" for name in TARGETS)
        layers = [layer for layer in linear_layers(model) if f".{layer}".endswith(named)]
        return layers, [end for end in mlp_ends(model) if end in layers]
    kind = model.config.model_type
    usual = TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING.get(kind, [])
    if usual and not unknown_targets(tuple(usual), model):
        return list(usual), list(TRANSFORMERS_MODELS_TO_IA3_FEEDFORWARD_MODULES_MAPPING.get(kind, []))
    return keys_and_values(model) + mlp_ends(model), mlp_ends(model)


def check_factors(model: PreTrainedModel) -> None:
    """Refuse a model in which the layers are not found; its weights need not be loaded for that."""
    complaint = "" if isinstance(TARGETS, str) else unknown_targets(TARGETS, model)
    if not complaint and not factored(model)[0]:
        complaint = "no keys, values or MLP were found in this model: name its layers in method.targets, or take lora"
    if complaint:
        raise ValueError(complaint)


def ia3_config(model: PreTrainedModel, task: TaskType) -> IA3Config:
    """Return the description of the factors."""
    check_factors(model)
    targets, inputs = factored(model)
    return IA3Config(
        task_type=task,
        target_modules=targets,
        feedforward_modules=inputs,
        modules_to_save=new_head(model, task),
    )
