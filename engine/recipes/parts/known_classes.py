"""The classes that the base model tells apart already, in the order of its head."""

import json
from pathlib import Path

from transformers import AutoConfig

from engine.recipes.parts.base import REVISION, TRUST_REMOTE_CODE
from engine.recipes.parts.weights.whole import base_model


def known_classes() -> list[str]:
    """Return their names, none where the model is no classifier; those of an adapter lie beside it."""
    beside = Path(base_model()) / "classes.json"
    if beside.is_file():
        names: list[str] = json.loads(beside.read_text("utf-8"))
        return names
    config = AutoConfig.from_pretrained(base_model(), revision=REVISION, trust_remote_code=TRUST_REMOTE_CODE)
    tuned = any(name.endswith("ForSequenceClassification") for name in config.architectures or ())
    return [str(config.id2label[place]) for place in sorted(config.id2label)] if tuned else []
