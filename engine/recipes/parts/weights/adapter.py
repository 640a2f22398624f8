"""A base model that is itself a result: an adapter, merged once into the weights that it was trained on."""

import json
import shutil
from pathlib import Path
from typing import Any

from peft import PeftModel
from safetensors import safe_open
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
)
from transformers.utils import cached_file

from engine.recipes.parts.base import BASE_MODEL, DTYPE, REVISION, TRUST_REMOTE_CODE
from engine.recipes.parts.output import output


def file_of(name: str) -> Path:
    """Return a file of the adapter, from its folder or from the hub."""
    return Path(cached_file(BASE_MODEL, name, revision=REVISION))


def described() -> dict[str, Any]:
    """Return what the adapter says of itself; one that is no change of weights is refused."""
    description: dict[str, Any] = json.loads(file_of("adapter_config.json").read_text("utf-8"))
    kind = str(description["peft_type"])
    if kind not in ("LORA", "IA3", "ADALORA", "LOHA", "LOKR", "OFT", "BOFT", "VERA"):
        raise ValueError(
            f"{BASE_MODEL} holds a {kind.lower()} adapter, which can't be merged into its base model: begin from the "
            "base model itself, or from the result of full tuning, LoRA or IA3"
        )
    return description


def head_size() -> dict[str, int]:
    """Return how many numbers the head gives that is saved beside the adapter, nothing where there is none."""
    with safe_open(file_of("adapter_model.safetensors"), "pt") as saved:
        names: list[str] = list(saved.keys())
        heads = [name for name in names if "lora_" not in name and "ia3_" not in name and name.endswith(".weight")]
        return {"num_labels": saved.get_slice(heads[-1]).get_shape()[0]} if heads else {}


def merge(folder: Path) -> None:
    """Write base and adapter as one model, in the type in which this run holds the weights; nothing is packed."""
    description = described()
    kinds: dict[str, Any] = {
        "CAUSAL_LM": AutoModelForCausalLM,
        "SEQ_2_SEQ_LM": AutoModelForSeq2SeqLM,
        "SEQ_CLS": AutoModelForSequenceClassification,
    }
    task = str(description["task_type"])
    base = kinds.get(task, AutoModel).from_pretrained(
        description["base_model_name_or_path"],
        revision=description.get("revision") or "main",
        dtype=DTYPE,
        trust_remote_code=TRUST_REMOTE_CODE,
        **(head_size() if task == "SEQ_CLS" else {}),
    )
    PeftModel.from_pretrained(base, BASE_MODEL, revision=REVISION).merge_and_unload().save_pretrained(folder)
    AutoTokenizer.from_pretrained(BASE_MODEL, revision=REVISION).save_pretrained(folder)
    for entry in file_of("adapter_config.json").parent.iterdir():  # an embedding model has files beside its weights
        if entry.is_dir():
            shutil.copytree(entry, folder / entry.name)
        elif entry.suffix == ".json" and not entry.name.startswith("adapter") and not (folder / entry.name).exists():
            shutil.copy(entry, folder)


def base_model() -> str:
    """Return the folder of the merged model; it is made once, in the output folder, and stays there."""
    folder = output() / "base"
    if not folder.exists():
        print(f"merging {BASE_MODEL} into its base model ...", flush=True)
        partial = folder.with_name("base.partial")
        shutil.rmtree(partial, ignore_errors=True)
        merge(partial)
        partial.replace(folder)
    return str(folder)
