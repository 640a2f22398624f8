"""The model's own code in a worker: files are checked as they are loaded, and only those agreed to are executed."""

import hashlib
import os
from pathlib import Path
from typing import Any

VARIABLE = "TUNEWRIGHT_MODEL_CODE"
"""The environment variable with the SHA-256 of every file that may run; `none`, or `any` for a model not downloaded."""


def guard_model_code() -> None:
    """Let transformers import a file of a model only when its hash was agreed to; call it before a model is loaded."""
    allowed = os.environ.get(VARIABLE, "").split(",")
    if allowed in ([""], ["any"]):
        return
    from transformers import dynamic_module_utils as library

    load = library.get_class_in_module

    def load_known(class_name: str, module_path: str, **given: Any) -> type:
        file = Path(library.HF_MODULES_CACHE) / module_path
        for part in (file, *map(Path, library.get_relative_import_files(file))):
            if hashlib.sha256(part.read_bytes()).hexdigest() not in allowed:
                raise ValueError(
                    f"the model's code {part.name} is not what you agreed to: it was changed since; start the run "
                    "again to see it and to be asked"
                )
        return load(class_name, module_path, **given)  # type: ignore[no-any-return]

    library.get_class_in_module = load_known
