"""What the base model is, read from its small files before any weights are loaded."""

import json
from pathlib import Path
from typing import Any

from sentence_transformers.util import load_file_path
from transformers import AutoConfig, PretrainedConfig

from engine.recipes.parts.base import BASE_MODEL, REVISION, TRUST_REMOTE_CODE


def small_file(name: str, folder: str = "") -> Any:
    """Return what a JSON file of the base model holds, or None where there is no such file."""
    path = load_file_path(BASE_MODEL, name, subfolder=folder, revision=REVISION)
    return json.loads(Path(path).read_text("utf-8")) if path else None


def base_config() -> PretrainedConfig:
    """Return the description of the base model; of an adapter, that of the model under it."""
    adapter = small_file("adapter_config.json") or {"base_model_name_or_path": BASE_MODEL, "revision": REVISION}
    return AutoConfig.from_pretrained(
        adapter["base_model_name_or_path"],
        revision=adapter.get("revision") or "main",
        trust_remote_code=TRUST_REMOTE_CODE,
    )
