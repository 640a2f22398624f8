"""How wide the model's own embeddings are, read from its small files before any weights are loaded."""

import json
from pathlib import Path
from typing import Any

from sentence_transformers.util import load_file_path
from transformers import AutoConfig

from engine.recipes.parts.base import REVISION, TRUST_REMOTE_CODE
from engine.recipes.parts.weights.whole import base_model


def small_file(name: str, folder: str = "") -> Any:
    """Return what a JSON file of the base model holds, or None where there is no such file."""
    path = load_file_path(base_model(), name, subfolder=folder, revision=REVISION)
    return json.loads(Path(path).read_text("utf-8")) if path else None


def embedding_width() -> int:
    """Return the numbers of one embedding: what the last pooling or dense layer gives, or else the hidden size."""
    width = 0
    for module in small_file("modules.json") or []:
        kind = module["type"].rpartition(".")[2]
        config = small_file("config.json", module["path"]) if kind in ("Pooling", "Dense") else None
        if config and kind == "Dense":
            width = config["out_features"]
        elif config:
            modes = config.get("pooling_mode") or [
                name for name, on in config.items() if on is True and "_mode_" in name
            ]
            size = config.get("embedding_dimension") or config["word_embedding_dimension"]
            width = size * (1 if isinstance(modes, str) else len(modes))
    if width:
        return int(width)
    config = AutoConfig.from_pretrained(base_model(), revision=REVISION, trust_remote_code=TRUST_REMOTE_CODE)
    return int(config.get_text_config().hidden_size)
