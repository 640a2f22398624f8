"""Features: what a frozen encoder makes of every text, computed once and kept on the disk."""

import hashlib
import json

import torch
from datasets import Dataset
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer

from engine.recipes.parts.base import ATTENTION
from engine.recipes.parts.output import output
from engine.recipes.parts.reading import BATCH, MAX_LENGTH, PRECISION


def as_one(rows: Dataset) -> list[str]:
    """Return the text of each row; two texts are read as two paragraphs of one."""
    if "text_pair" not in rows.column_names:
        return list(rows["text"])
    return ["\n\n".join(both) for both in zip(rows["text"], rows["text_pair"], strict=True)]


def fingerprint(encoder: SentenceTransformer, texts: list[str]) -> str:
    """Return a name for everything that features depend on: weights, arithmetic, length, and the texts themselves."""
    known = hashlib.sha256(json.dumps([ATTENTION, PRECISION, MAX_LENGTH, texts]).encode())
    for name, weight in encoder.state_dict().items():
        known.update(f"{name} {weight.dtype} {float(weight.double().sum())!r}".encode())
    return known.hexdigest()[:16]


def features(encoder: SentenceTransformer, texts: list[str]) -> torch.Tensor:
    """Return the features of the texts (texts, width) in 32 bit; a file of an earlier run with equal ones is taken."""
    file = output() / "features" / f"{fingerprint(encoder, texts)}.safetensors"
    if not file.exists():
        with torch.autocast(encoder.device.type, getattr(torch, PRECISION), enabled=PRECISION != "float32"):
            found = encoder.encode(texts, batch_size=BATCH, convert_to_tensor=True, show_progress_bar=True)
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        save_file({"features": found.float().cpu().contiguous()}, partial)
        partial.replace(file)
    kept: torch.Tensor = load_file(file)["features"]
    return kept
