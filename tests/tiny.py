"""Small real models and small real data, made on the spot."""

import json
from pathlib import Path

COLOURS = ["red", "green", "blue", "white", "black", "brown", "grey", "pink"]
THINGS = ["door", "boat", "lamp", "coat", "bird", "stone", "house", "river", "chair", "cloud"]


def pairs(count: int = 80) -> list[dict[str, str]]:
    """Questions and passages, in groups of ten that share a document."""
    return [
        {
            "question": f"what colour has {THINGS[n % 10]} number {n}",
            "passage": f"the {THINGS[n % 10]} with number {n} is {COLOURS[n % 8]}",
            "document": f"page {n // 10}",
        }
        for n in range(count)
    ]


def talks(count: int = 48) -> list[dict[str, str]]:
    """Prompts and completions."""
    return [
        {"prompt": f"colour of {THINGS[n % 10]} {n}?", "completion": f"it is {COLOURS[n % 8]}."} for n in range(count)
    ]


def write_rows(path: Path, rows: list[dict[str, str]]) -> Path:
    """Write rows as JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def tiny_llama(folder: Path, width: int = 64) -> Path:
    """Make a small language model and its tokenizer."""
    from engine.worker.tiny_model import make_language_model

    make_language_model([text for row in talks() for text in row.values()], folder, width=width, vocabulary=400)
    return folder


def tiny_bert(folder: Path, width: int = 64) -> Path:
    """Make a small encoder and its tokenizer."""
    from engine.worker.tiny_model import make_encoder

    make_encoder([text for row in pairs() for text in row.values()], folder, width=width, vocabulary=400)
    return folder
