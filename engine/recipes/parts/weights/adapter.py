"""A base model that is itself a result: an adapter, merged once into the weights that it was trained on."""

import json
import shutil
from pathlib import Path
from typing import Any

from peft import PeftConfig, PeftModel, TaskType
from safetensors import safe_open
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
)

from engine.recipes.parts.base import BASE_MODEL, DTYPE, TRUST_REMOTE_CODE, torch_dtype
from engine.recipes.parts.output import output


def check_mergeable(config: PeftConfig) -> None:
    """Refuse adapters that are no change of weights: a prompt stays before the text, a bottleneck is a layer more."""
    kind = str(getattr(config.peft_type, "value", config.peft_type))
    if config.is_prompt_learning or kind == "BOTTLENECK":
        raise ValueError(
            f"{BASE_MODEL} holds a {kind.lower()} adapter, which cannot be merged into its base model: begin from the "
            "base model itself, or from the result of full tuning, LoRA or IA3"
        )


def head_size() -> dict[str, int]:
    """Return how many numbers a head that is saved beside the adapter gives, nothing where there is none."""
    with safe_open(Path(BASE_MODEL) / "adapter_model.safetensors", "pt") as saved:
        names: list[str] = list(saved.keys())
        heads = [name for name in names if "lora_" not in name and "ia3_" not in name and name.endswith(".weight")]
        return {"num_labels": saved.get_slice(heads[-1]).get_shape()[0]} if heads else {}


def merge(folder: Path) -> None:
    """Write base and adapter as one model, in the type in which this run holds the weights; nothing is packed."""
    config = PeftConfig.from_pretrained(BASE_MODEL)
    check_mergeable(config)
    kinds: dict[str, Any] = {
        TaskType.CAUSAL_LM: AutoModelForCausalLM,
        TaskType.SEQ_2_SEQ_LM: AutoModelForSeq2SeqLM,
        TaskType.SEQ_CLS: AutoModelForSequenceClassification,
    }
    base = kinds.get(config.task_type, AutoModel).from_pretrained(
        config.base_model_name_or_path,
        revision=config.revision,
        dtype=torch_dtype(DTYPE),
        trust_remote_code=TRUST_REMOTE_CODE,
        **(head_size() if config.task_type == TaskType.SEQ_CLS else {}),
    )
    PeftModel.from_pretrained(base, BASE_MODEL).merge_and_unload().save_pretrained(folder)
    AutoTokenizer.from_pretrained(BASE_MODEL).save_pretrained(folder)
    for entry in Path(BASE_MODEL).iterdir():  # what an embedding model keeps beside its transformer
        if entry.is_dir():
            shutil.copytree(entry, folder / entry.name)
        elif entry.suffix == ".json" and not (folder / entry.name).exists() and not entry.name.startswith("adapter"):
            shutil.copy(entry, folder)


def base_model() -> str:
    """Return the folder of the merged model; it is made in the output folder and stays there."""
    folder = output() / "base"
    if not folder.exists():
        print(f"merging {BASE_MODEL} into its base model ...", flush=True)
        partial = folder.with_name("base.partial")
        shutil.rmtree(partial, ignore_errors=True)
        merge(partial)
        (partial / "merged_from.json").write_text(json.dumps({"adapter": BASE_MODEL}))
        partial.replace(folder)
    return str(folder)
